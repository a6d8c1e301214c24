"""How the storybook looks: places, things, sky and weather, drawn with Pillow and numpy at any size."""

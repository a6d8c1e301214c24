"""The look of the room: petrol and brass, system fonts only. Measures and colours of our own parts are in page.css."""

import gradio as gr
from gradio.themes.utils import colors, sizes

PETROL = colors.Color(
    name="petrol",
    c50="#eef5f3",
    c100="#d8e8e4",
    c200="#b3d1cb",
    c300="#86b3ac",
    c400="#568f88",
    c500="#2f6f69",
    c600="#1c5650",
    c700="#16443f",
    c800="#123632",
    c900="#0e2a28",
    c950="#081b1a",
)
INK = colors.Color(
    name="ink",
    c50="#f6f7f4",
    c100="#ecefea",
    c200="#dbe0d9",
    c300="#bcc5bd",
    c400="#8d9a93",
    c500="#66736d",
    c600="#4c5954",
    c700="#35413d",
    c800="#1f2b29",
    c900="#142020",
    c950="#0c1716",
)
BODY = ("-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Arial", "sans-serif")
CODE = ("ui-monospace", "SF Mono", "Menlo", "Consolas", "Liberation Mono", "monospace")


class LittleCinema(gr.themes.Base):
    """A theme that fetches nothing: the stock ones load fonts from elsewhere."""

    def __init__(self) -> None:
        super().__init__(
            primary_hue=PETROL,
            secondary_hue=PETROL,
            neutral_hue=INK,
            radius_size=sizes.radius_sm,
            text_size=sizes.text_md,
            font=BODY,
            font_mono=CODE,
        )
        self.set(
            body_background_fill="*neutral_50",
            body_background_fill_dark="*neutral_950",
            body_text_color="*neutral_900",
            body_text_color_dark="#e6eae4",
            body_text_color_subdued="*neutral_600",
            body_text_color_subdued_dark="#9fb0a9",
            background_fill_primary="#ffffff",
            background_fill_primary_dark="*neutral_900",
            background_fill_secondary="*neutral_100",
            background_fill_secondary_dark="*neutral_800",
            border_color_primary="*neutral_200",
            border_color_primary_dark="#2a3a37",
            block_background_fill="transparent",
            block_background_fill_dark="transparent",
            block_border_width="0px",
            block_shadow="none",
            block_padding="0px",
            block_label_text_color="*neutral_600",
            block_label_text_color_dark="#9fb0a9",
            block_title_text_weight="600",
            input_background_fill="#ffffff",
            input_background_fill_dark="#0f1c1b",
            input_border_color="*neutral_300",
            input_border_color_dark="#35463f",
            input_border_color_focus="*primary_500",
            input_border_color_focus_dark="#d9b45f",
            input_shadow="none",
            input_shadow_focus="none",
            button_primary_background_fill="*primary_600",
            button_primary_background_fill_hover="*primary_700",
            button_primary_background_fill_dark="#d9b45f",
            button_primary_background_fill_hover_dark="#e6c67e",
            button_primary_text_color="#ffffff",
            button_primary_text_color_dark="#14201f",
            button_secondary_background_fill="transparent",
            button_secondary_background_fill_hover="*neutral_100",
            button_secondary_background_fill_dark="transparent",
            button_secondary_background_fill_hover_dark="*neutral_800",
            button_secondary_border_color="*neutral_300",
            button_secondary_border_color_dark="#3b4d47",
            button_border_width="1px",
            button_transition="background-color 120ms ease",
            button_transform_hover="none",
            link_text_color="*primary_600",
            link_text_color_dark="#d9b45f",
        )

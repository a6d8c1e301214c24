"""What the project is made of: the lock file, the licences and the SBOM, made by scripts and held by tests."""

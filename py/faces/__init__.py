"""faces: finds faces in people's own photos, learns a name once and finds that person again."""

__version__ = "0.1.0"

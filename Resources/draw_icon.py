"""Draw the icon of the extension: six spheres on a ring in a warm body. Needs Pillow."""

import math
from pathlib import Path

from PIL import Image, ImageDraw

SIZE = 128  # what the Extensions Index asks for
OVERSAMPLING = 4
ROOT = Path(__file__).parents[1]
FILES = (
    ROOT / 'Resources' / 'VOIIdentification.png',
    ROOT / 'VOIIdentification' / 'Resources' / 'Icons' / 'VOIIdentification.png',
)
WALL, BODY = (40, 40, 48, 255), (110, 20, 16, 255)
HOT = ((0.95, (190, 70, 10, 255)), (0.76, (255, 190, 40, 255)), (0.46, (255, 250, 220, 255)))
CIRCLE = (0, 200, 255, 255)


def draw():
    """The icon as an image."""
    image = Image.new('RGBA', (SIZE * OVERSAMPLING,) * 2, (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)

    def box(x, y, across, up):
        corners = (x - across, y - up, x + across, y + up)
        return [corner * OVERSAMPLING for corner in corners]

    pen.ellipse(box(64, 66, 62, 50), fill=WALL)
    pen.ellipse(box(64, 66, 58, 46), fill=BODY)
    pen.ellipse(box(64, 66, 11, 11), fill=WALL)
    for n, diameter in enumerate((37, 28, 22, 17, 13, 10)):
        angle = math.radians(90 - 60 * n)
        x, y = 64 + 39 * math.cos(angle), 66 - 28 * math.sin(angle)
        radius = 0.42 * diameter
        for part, color in HOT:
            pen.ellipse(box(x, y, part * radius, part * radius), fill=color)
        circle = box(x, y, 1.15 * radius, 1.15 * radius)
        pen.arc(circle, 0, 360, fill=CIRCLE, width=round(1.6 * OVERSAMPLING))
    return image.resize((SIZE, SIZE), Image.Resampling.LANCZOS)


if __name__ == '__main__':
    for path in FILES:
        draw().save(path, optimize=True)

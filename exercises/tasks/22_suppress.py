"""Non-maximum suppression: of boxes that overlap too much only the surest stays.

boxes: (n, 4), each with its top, left, bottom and right, where top < bottom and left < right;
scores: (n,), how sure a network is of each. The IoU of two boxes is the area that lies in both over
the area that lies in one or both; too_much: an IoU, from 0 to 1.
The surest box stays (of equally sure ones the first). Every other box whose IoU with it is above
too_much is dropped. Of those that are left the surest stays again, and so on, until none is left:
what has been dropped drops no other.
Returns a list of the numbers, from 0, of the boxes that stay, the surest first. Of no boxes it is
empty.

    >>> boxes = np.array([[0, 0, 4, 4], [0, 1, 4, 5], [0, 3, 4, 7], [6, 6, 9, 9]])
    >>> suppress(boxes, np.array([0.8, 0.9, 0.4, 0.5]), 0.4)
    [1, 3, 2]

Check: python exercises/check.py suppress
Chapter: cnn/segmentation/README.md#boxes
"""

import numpy as np


def suppress(boxes, scores, too_much):
    raise NotImplementedError

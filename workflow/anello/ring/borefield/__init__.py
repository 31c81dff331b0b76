"""Borefields: boreholes that exchange heat with the ring, and warm or cool the ground around.

``config`` holds the settings, ``g_function`` the answer of the wall to a steady load (pygfunction),
``resistance`` what lies between wall and fluid, ``foster`` the chain of thermal masses that stands
for the g-function, ``field`` the state and its steps, ``device`` the field in the plant.
"""

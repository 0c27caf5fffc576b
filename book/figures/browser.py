"""Machinery of the book and of the tests: a headless Chromium that draws on the page.

    python book/figures/browser.py
    python book/figures/browser.py --page think
    python book/figures/browser.py --page write --run RUN
    python book/figures/browser.py --page numbers --run FLOW_RUN --map MAP_RUN

Starts the service, draws a digit and a star on its page stroke by stroke, and writes screenshots of
it as rest_page.png; with --page think, two digits on the page that shows the layers, as
think_page.png; with --page write, what a trained GPT writes, as write_page.png; with --page
numbers, a number on its way from noise, as numbers_page.png.
Needs Debian's chromium and chromium-driver, or others in the PATH.
"""

from chapter import OUTPUTS

import io
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import numpy as np
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from utils.options import make_parser
from utils.runs import ROOT, fail, make_folder, replacing, save_results

# The services with a page, and how high a window shows all of it.
APPS = {
    "rest": (ROOT / "serialization" / "rest" / "app.py", 760),
    "think": (ROOT / "visualizing" / "live" / "think.py", 1300),
    "write": (ROOT / "text" / "gpt" / "live" / "write_along.py", 800),
    "numbers": (ROOT / "generating" / "page" / "write_page.py", 1060),
}
# The strokes of digits, and of a star, as a hand draws them, on a canvas from 0 to 1, to the right
# and down.
STROKES = {
    2: [[(0.3, 0.32), (0.42, 0.2), (0.6, 0.22), (0.66, 0.36), (0.3, 0.8), (0.7, 0.8)]],
    4: [[(0.36, 0.2), (0.32, 0.52), (0.68, 0.52)], [(0.62, 0.22), (0.58, 0.82)]],
    7: [[(0.3, 0.22), (0.7, 0.22), (0.45, 0.82)]],
    "star": [[(0.5, 0.15), (0.7, 0.82), (0.15, 0.4), (0.85, 0.4), (0.3, 0.82), (0.5, 0.15)]],
}


def find_chromium():
    """Return the paths of the browser and of its driver, or None."""
    names = ("google-chrome", "chromium", "chromium-browser")
    browser = next(filter(None, map(shutil.which, names)), None)
    driver = shutil.which("chromedriver")
    return (browser, driver) if browser and driver else None


@contextmanager
def open_browser(width=1000, height=800, dark=False, phone=False):
    """Yield a Selenium driver of a headless Chromium, which downloads nothing."""
    browser, driver = find_chromium()
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for option in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "hide-scrollbars"):
        options.add_argument(f"--{option}")
    options.add_argument(f"--window-size={width},{height}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    if phone:
        metrics = {"width": width, "height": height, "pixelRatio": 2.0, "touch": True}
        options.add_experimental_option("mobileEmulation", {"deviceMetrics": metrics})
    chrome = webdriver.Chrome(options, webdriver.ChromeService(driver))
    try:
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        yield chrome
    finally:
        chrome.quit()


@contextmanager
def run_service(*options, page="rest", script=None):
    """Yield the address of a service that runs meanwhile; script: its path, if not a page's."""
    command = [sys.executable, str(script or APPS[page][0]), "--port", "0", *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield re.search(r"http://\S+:\d+", process.stdout.readline())[0]
        finally:
            process.send_signal(signal.SIGINT)  # as Ctrl-C does
            assert process.wait(60) == 0


def forget_answer(chrome):
    """Let read wait for the next answer, and not take the one that is there for it."""
    chrome.execute_script("document.getElementById('status').textContent = ''")


def draw(chrome, digit, by="mouse"):
    """Draw a digit or a star on the page: with the mouse, a pen, or a finger ("touch")."""
    canvas = chrome.find_element(By.ID, "canvas")
    box = canvas.rect
    for stroke in STROKES[digit]:
        forget_answer(chrome)
        actions = ActionChains(chrome, duration=30)
        pointer = actions.w3c_actions.add_pointer_input(by, f"{by}-{time.monotonic_ns()}")
        points = [(x * box["width"], y * box["height"]) for x, y in stroke]
        for number, (x, y) in enumerate(points):
            pointer.create_pointer_move(
                30, round(x - box["width"] / 2), round(y - box["height"] / 2), origin=canvas
            )
            if number == 0:
                pointer.create_pointer_down(button=0)
        pointer.create_pointer_up(0)
        actions.w3c_actions.perform()
        read(chrome)


def read(chrome):
    """Wait for the answer to the last stroke; return the digit that the page shows."""
    wait = WebDriverWait(chrome, 60)
    wait.until(lambda page: "answered" in page.find_element(By.ID, "status").text)
    return chrome.find_element(By.ID, "digit").text


def show_step(chrome, step):
    """On the page of numbers, wait for the number and go back to a step of its way."""
    wait = WebDriverWait(chrome, 60)
    wait.until(lambda page: "written" in page.find_element(By.ID, "status").text)
    chrome.execute_script(
        "const slider = document.getElementById('time'); slider.value = arguments[0];"
        "slider.dispatchEvent(new Event('input'))",
        step,
    )


def let_write(chrome, length):
    """Let the network write so many characters on the page, or a few more."""
    text = chrome.find_element(By.ID, "text")
    chrome.find_element(By.ID, "write").click()
    WebDriverWait(chrome, 60).until(lambda _: len(text.get_attribute("value")) >= length)
    chrome.find_element(By.ID, "write").click()


# What is shown of each page in light and in dark: what is drawn there, how many characters the
# network writes, how many steps it goes from noise to digits.
SHOWN = {
    "rest": (draw, 2, "star"),
    "think": (draw, 2, 4),
    "write": (let_write, 150, 150),
    "numbers": (show_step, 7, 20),
}


def take_screenshot(page, path, *options):
    """Save the page in light and in dark, side by side; options: of its service."""
    pictures, (show, *both) = [], SHOWN[page]
    with run_service(*options, page=page) as address:
        for dark, shown in enumerate(both):
            with open_browser(840, APPS[page][1], bool(dark)) as chrome:
                chrome.get(address)
                show(chrome, shown)
                time.sleep(1)  # the bars grow, the layers come
                picture = Image.open(io.BytesIO(chrome.get_screenshot_as_png()))
                pictures.append(np.asarray(picture.convert("RGB")))
    with replacing(path) as partial:
        Image.fromarray(np.hstack(pictures)).save(partial, optimize=True)


def main(argv=None):
    parser = make_parser("Take the screenshot of a page.", OUTPUTS)
    parser.add_argument("--page", choices=APPS, default="rest")
    about = "for write: of shakespeare.py; numbers: flow.py"
    parser.add_argument("--run", metavar="RUN", help=about)
    parser.add_argument("--map", metavar="MAP_RUN", help="for numbers: of vae.py --size 2")
    args = parser.parse_args(argv)
    if find_chromium() is None:
        fail("needs chromium and chromedriver (Debian: chromium, chromium-driver)")
    folder = make_folder(args.outputs)
    options = [args.run] if args.run else []
    options += ["--map", args.map] if args.map else []
    take_screenshot(args.page, folder / f"{args.page}_page.png", *options)
    return save_results({}, folder, __file__, argv)


if __name__ == "__main__":
    main()

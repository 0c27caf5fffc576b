"""Machinery of the services: what several clients ask at once is answered in one call.

Chapter: serialization/operating/README.md#batches
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from serialization.operating.guard import RequestError

MOST = 32  # rows of a call, if each client sends one
WAITING = 100  # requests that wait; the next ones are refused


class Batcher:
    """Calls a function, in a thread of its own, with all rows that wait for it (micro-batching).

    Nobody waits for others to come: while a call is under way, the next batch gathers by itself.
    One call at a time, since neither Keras nor LiteRT promises that several threads may ask.
    """

    def __init__(self, answer, most=MOST, waiting=WAITING):
        """answer: a function of an array of n rows that returns a list of n answers."""
        self.answer, self.most, self.gauge = answer, most, None
        self.waiting = asyncio.Queue(waiting)
        self.thread = ThreadPoolExecutor(1)

    async def ask(self, rows):
        """Return the answers to an array of rows; RequestError if too many wait already."""
        answers = asyncio.get_running_loop().create_future()
        try:
            self.waiting.put_nowait((rows, answers))
        except asyncio.QueueFull:
            raise RequestError(503, "too many requests are waiting; try again later") from None
        self.show()
        return await answers

    def show(self):
        """Tell the gauge, one of Prometheus, how many requests wait."""
        if self.gauge:
            self.gauge.set(self.waiting.qsize())

    async def work(self):
        """Answer what waits, for ever; a task of the application."""
        while True:
            asked = [await self.waiting.get()]
            while not self.waiting.empty() and sum(len(rows) for rows, _ in asked) < self.most:
                asked.append(self.waiting.get_nowait())
            self.show()
            await self.call(asked)

    async def call(self, asked):
        """Call the function once, and hand each request its part of the answers, or the error."""
        loop, start = asyncio.get_running_loop(), 0
        try:
            rows = np.concatenate([rows for rows, _ in asked])
            found = await loop.run_in_executor(self.thread, self.answer, rows)
        except (Exception, SystemExit) as error:  # for those who asked; the next may fare better
            found = RuntimeError(f"no answers: {error!r}")
        for rows, answers in asked:
            if answers.done():
                pass  # whoever asked has given up, as asyncio.timeout does
            elif isinstance(found, Exception):
                answers.set_exception(found)
            else:
                answers.set_result(found[start : start + len(rows)])
            start += len(rows)

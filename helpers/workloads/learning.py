"""Machine learning: a fit and a cross-validation, the library's own threads pinned or free.

Every function does the same thing `steps` times and gives back plain numbers. Needs
scikit-learn and threadpoolctl, imported when the data are made.

Making the data starts no threads: OpenMP's threads don't survive a fork, and a run is a fork.
So nothing here may call BLAS or OpenMP before the task itself does.
"""

from __future__ import annotations

from functools import cache

ROWS, COLUMNS = 10_000, 20
#: So many clusters, and exactly so many rounds: no fit stops early.
CLUSTERS, ROUNDS = 8, 20
#: What keeps the numeric libraries to one thread, if it is set before they are loaded.
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
#: Fewer rows for the cross-validation, which fits `FOLDS` times.
FEWER, FOLDS = 500, 5
#: What a fit gives back: the clusters of so many rows.
SHOWN = 50


@cache
def samples():
    """``(X, y)``: `ROWS` rows of numbers, and whether the first five of a row add up above 0.

    A few clouds of points that overlap, so that k-means has work until its last round.
    """
    import numpy as np

    draw = np.random.default_rng(4)
    rows = draw.normal(size=(ROWS, COLUMNS)) + draw.integers(0, 3, size=(ROWS, 1)) * 0.5
    rows -= rows.mean(axis=0)
    return rows, (rows[:, :5].sum(axis=1) > 0).astype(int)


@cache
def thread_pools():
    """The thread pools of the numeric libraries: what threadpoolctl finds, looked up once."""
    import sklearn.cluster
    import sklearn.linear_model
    import sklearn.model_selection  # noqa: F401 - loads the libraries to be found
    from threadpoolctl import ThreadpoolController

    samples()
    return ThreadpoolController()


def pin() -> None:
    """See to it that BLAS and OpenMP use one thread, as the calling thread sees them.

    In a run they do already: its host loaded them with `ONE_THREAD` in the environment,
    so that no pool was ever made (a pool that is made smaller later still spins for some
    30 ms). Elsewhere they are told now, and not told back: OpenMP's limit belongs to a
    thread, that of BLAS to the process, and tasks overlap.
    """
    pools = thread_pools()
    if any(library.num_threads != 1 for library in pools.lib_controllers):
        pools.limit(limits=1)


def fit(steps: int) -> list[int]:
    """Find eight clusters with k-means, `steps` times; OpenMP may use threads of its own."""
    from sklearn.cluster import KMeans

    rows, _ = samples()
    for _ in range(steps):
        model = KMeans(CLUSTERS, init=rows[:CLUSTERS], n_init=1, max_iter=ROUNDS, tol=0)
        model.fit(rows)
    return model.labels_[:SHOWN].tolist()


def cross_validation(steps: int) -> list[float]:
    """Shares that a logistic regression gets right of five folds; BLAS may use threads."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score

    rows, kinds = samples()
    for _ in range(steps):
        scores = cross_val_score(LogisticRegression(), rows[:FEWER], kinds[:FEWER], cv=FOLDS)
    return scores.round(3).tolist()


def fit_pinned(steps: int) -> list[int]:
    """`fit` with one thread for the libraries."""
    pin()
    return fit(steps)


def cross_pinned(steps: int) -> list[float]:
    """`cross_validation` with one thread for the libraries: shares of right answers."""
    pin()
    return cross_validation(steps)

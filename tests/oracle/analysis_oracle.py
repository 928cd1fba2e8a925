"""What the measures of crates/analysis must give, by scipy and statsmodels, from random inputs with fixed seeds.

    python3 tests/oracle/analysis_oracle.py > tests/oracle/golden/analysis.tsv

A line holds the measure, its arguments (lists of numbers, ';' between them), what it must give, and how far the result may
lie from it: 1e-6 of the size where both compute the same, more where both draw at random. `crates/analysis/tests/oracle.rs`
computes every line again. Formulas that no library has (Byar's limits, Marshall's empirical Bayes, MOVER, the displacement
quotient) are written here from the papers that DOMAIN names; empirical Bayes is compared with esda too. Of esda one module is
read by itself, as the package wants geopandas and scikit-learn: `pip install --no-deps esda` is enough.
"""
import importlib.util
import sys
from unittest import mock

import numpy as np
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.contingency_tables import Table2x2
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

Z = stats.norm.ppf(0.975)
CASES = 12
CLOSE = 1e-6
SEED = 20261122


def line(measure, arguments, results, tolerance=CLOSE):
    lists = ";".join(" ".join(repr(float(number)) for number in np.atleast_1d(argument)) for argument in arguments)
    print(measure, lists, " ".join(f"{float(number):.9g}" for number in results), tolerance, sep="\t")


def byar(count):
    low = count * (1 - 1 / (9 * count) - Z / (3 * np.sqrt(count))) ** 3 if count else 0.0
    more = count + 1
    return count, low, more * (1 - 1 / (9 * more) + Z / (3 * np.sqrt(more))) ** 3


def wilson(successes, n):
    return successes / n, *proportion_confint(successes, n, method="wilson")


def steadied(observed, exposures):
    rates, mean = observed / exposures, observed.sum() / exposures.sum()
    variance = (exposures * (rates - mean) ** 2).sum() / exposures.sum() - mean / exposures.mean()
    variance = max(variance, 0.0)
    own = variance + mean / exposures
    return np.where(own > 0, mean + (rates - mean) * variance / np.where(own > 0, own, 1), mean)


def scores(values):
    """Standard scores; of values that are all the same, 0."""
    return stats.zscore(values) if np.ptp(values) > 1e-9 else np.zeros(len(values))


def smoothing_of_esda():
    """esda/smoothing.py without its package; libpysal, which it imports for smoothers over neighbours, is left empty."""
    package = importlib.util.find_spec("esda")
    if package is None:
        sys.exit("esda is not installed: pip install --no-deps esda")
    file = f"{package.submodule_search_locations[0]}/smoothing.py"
    spec = importlib.util.spec_from_file_location("smoothing_of_esda", file)
    module = importlib.util.module_from_spec(spec)
    parts = ["", ".cg", ".common", ".weights", ".weights.distance", ".weights.spatial_lag", ".weights.util", ".weights.weights"]
    with mock.patch.dict(sys.modules, {f"libpysal{part}": mock.MagicMock() for part in parts}):
        spec.loader.exec_module(module)
    return module


def check_against_esda(esda, observed, exposures):
    """esda does not clamp; where the variance is positive both have to agree. Says whether they were compared."""
    ours = steadied(observed, exposures)
    if np.ptp(ours) == 0:
        return False
    theirs = esda.Empirical_Bayes(observed.reshape(-1, 1), exposures.reshape(-1, 1)).r.ravel()
    assert theirs.dtype == float and np.allclose(ours, theirs, atol=1e-9), (ours, theirs)
    return True


def rates_and_shares(random):
    for _ in range(CASES):
        observed, exposure = random.integers(0, 60), random.uniform(10, 5_000)
        line("rate", [observed, exposure], [limit * 1_000 / exposure for limit in byar(observed)])
    for _ in range(CASES):
        n = random.integers(1, 500)
        k = random.integers(0, n + 1)
        line("share", [k, n], wilson(k, n))
    for _ in range(CASES):
        says, weights = random.integers(0, 2, 40), random.uniform(0.2, 4, 40)
        n = weights.sum() ** 2 / (weights**2).sum()
        line("weighted_share", [says, weights], [*wilson(np.average(says, weights=weights) * n, n), n])
    for _ in range(CASES):
        asked = random.integers(5, 200, 4)
        said, standard = random.binomial(asked, 0.3), random.uniform(1, 9, 4)
        parts, each = standard / standard.sum(), [wilson(k, n) for k, n in zip(said, asked)]
        value = sum(part * own[0] for part, own in zip(parts, each))
        below = np.sqrt(sum((part * (own[0] - own[1])) ** 2 for part, own in zip(parts, each)))
        above = np.sqrt(sum((part * (own[2] - own[0])) ** 2 for part, own in zip(parts, each)))
        line("standardised_share", [said, asked, standard], [value, value - below, value + above])
    for _ in range(CASES):
        observed, low, share, high = random.integers(0, 90), *np.sort(random.uniform(0.1, 0.9, 3))
        o = byar(observed)
        line("happened", [observed, share, low, high], [o[0] / share, o[1] / high, o[2] / low])


def smoothing_and_gaps(random):
    esda, compared = smoothing_of_esda(), 0
    for case in range(CASES):
        exposures = random.uniform(1, 30, 15)
        # Every third case has one rate for all, so that the variance is clamped now and then.
        rates = np.full(15, 2.0) if case % 3 == 0 else random.gamma(4, 0.5, 15)
        observed = random.poisson(exposures * rates).astype(float)
        compared += check_against_esda(esda, observed, exposures)
        line("empirical_bayes", [observed, exposures], steadied(observed, exposures))
    assert compared >= CASES / 2, f"{compared} cases were compared with esda"
    for _ in range(4):
        asked, exposures = random.integers(100, 400, 10), random.uniform(10, 40, 10)
        felt = random.binomial(asked, random.uniform(0.1, 0.5, 10))
        observed = random.poisson(exposures * random.uniform(1, 4, 10)).astype(float)
        theta = steadied(observed, exposures)
        index = scores(felt / asked) - scores(theta)
        line("gap", [asked, felt, observed, exposures], index)
        drawn = np.empty((4_000, 10))
        for row in drawn:
            shares = random.binomial(asked, (felt + 0.5) / (asked + 1)) / asked
            counts = random.poisson(theta * exposures).astype(float)
            row[:] = scores(shares) - scores(steadied(counts, exposures))
        limits = np.quantile(drawn, [0.025, 0.975], axis=0)
        line("gap_limits", [asked, felt, observed, exposures], limits.T.ravel(), 0.15)


def associations(random):
    for _ in range(CASES):
        first = random.poisson(6, 36)
        second = random.poisson(4 + first / 3)
        found = stats.spearmanr(first, second)
        line("spearman", [first, second], [found.statistic, found.pvalue])
    for _ in range(3):
        first = random.normal(size=60)
        second = first + random.normal(size=60)
        picks = random.integers(0, 60, (3_000, 60))
        drawn = [stats.spearmanr(first[pick], second[pick]).statistic for pick in picks]
        line("spearman_limits", [first, second], np.quantile(drawn, [0.025, 0.975]), 0.04)
    for _ in range(CASES):
        chances = random.uniform(0, 0.2, 7)
        line("holm", [chances], multipletests(chances, method="holm")[1])


def interrupted_series(random):
    for case in range(CASES):
        start, slope, harmonics = random.integers(20, 40), case % 2, case % 3
        times, exposures = np.arange(1, 61), random.uniform(800, 1_200, 60)
        held = (times >= start).astype(float)
        mean = exposures * np.exp(-3 + 0.004 * times - 0.2 * held + 0.2 * np.sin(2 * np.pi * times / 12))
        counts = 2 * random.poisson(mean / 2)
        terms = [np.ones(60), times, held] + ([(times - start) * held] if slope else [])
        for k in range(1, harmonics + 1):
            terms += [np.sin(2 * np.pi * k * times / 12), np.cos(2 * np.pi * k * times / 12)]
        model = sm.GLM(counts, np.column_stack(terms), family=sm.families.Poisson(), offset=np.log(exposures))
        poisson, quasi = model.fit(tol=1e-12), model.fit(tol=1e-12, scale="X2")
        given = [times, counts, exposures, start, slope, harmonics]
        for name, fit in [("series_poisson", poisson), ("series_quasi", quasi)]:
            line(name, given, [*fit.params, *fit.bse, quasi.scale, *np.exp(fit.conf_int()[2])])
        without = np.column_stack([term * (place != 2 and not (slope and place == 3)) for place, term in enumerate(terms)])
        last = quasi.get_prediction(without[-1:], offset=np.log(exposures[-1:])).summary_frame()
        means = np.exp(without @ quasi.params + np.log(exposures)) * held
        gradient = means @ without / means.sum()
        half = Z * np.sqrt(gradient @ quasi.cov_params() @ gradient)
        total = means.sum() * np.exp([0, -half, half])
        line("series_without", given, [*last[["mean", "mean_ci_lower", "mean_ci_upper"]].to_numpy()[0], *total])


def counts_before_and_after(random):
    for _ in range(CASES):
        night, day, night_before, day_before = random.integers(1, 90, 4)
        low, high = proportion_confint(night, night + day, method="wilson")
        line("night_to_day", [night, day], [night / day, low / (1 - low), high / (1 - high)])
        table = Table2x2([[night, day], [night_before, day_before]])
        line("night_change", [night_before, day_before, night, day], [table.oddsratio, *table.oddsratio_confint()])
    for _ in range(4):
        a0, b0, b1, c0, c1 = random.integers(120, 300, 5)
        a1 = a0 // 2 * c1 // c0
        moved, success = b1 / c1 - b0 / c0, a1 / c1 - a0 / c0
        line("displacement", [a0, a1, b0, b1, c0, c1], [success, moved, moved / success])
        a0s, a1s, b0s, b1s, c0s, c1s = (random.poisson(count, 40_000) for count in (a0, a1, b0, b1, c0, c1))
        successes, changes = a1s / c1s - a0s / c0s, b1s / c1s - b0s / c0s
        limits = [np.quantile(drawn, [0.025, 0.975]) for drawn in (successes, changes, changes / successes)]
        line("displacement_limits", [a0, a1, b0, b1, c0, c1], np.ravel(limits), 0.12)


if __name__ == "__main__":
    sys.stdout.reconfigure(newline="\n")
    source = np.random.default_rng(SEED)
    for part in (rates_and_shares, smoothing_and_gaps, associations, interrupted_series, counts_before_and_after):
        part(source)

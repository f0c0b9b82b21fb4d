"""What is said of samples: medians, ranks, ratios by round, goals, and which changes count."""
import pathlib
import tempfile
import unittest

import oracle
import report
import results
from figures import Absent, Figure, changes, is_reached, percentile, quartiles, ratio

NUMBERS = list(range(1, 101))


def figure(case, rounds, **more):
    return Figure(case, "ms", rounds, **more)


class Statistics(unittest.TestCase):
    def test_a_percentile_is_always_a_sample(self):
        for part, wanted in ((50, 50), (99, 99), (99.5, 100), (100, 100), (0, 1)):
            self.assertEqual(percentile(NUMBERS, part), wanted, part)
        self.assertEqual(percentile([7], 99), 7)
        self.assertEqual(percentile([3, 1, 2], 99), 3)

    def test_the_median_is_of_all_samples_and_the_spread_of_the_rounds(self):
        one = figure("a", [[1, 2, 9], [3, 4, 5], [10, 20, 30]])
        self.assertEqual((one.median(), one.medians(), one.spread()), (5, [2, 4, 20], (3, 12)))
        self.assertEqual(quartiles([4]), (4, 4))

    def test_a_ratio_is_taken_round_by_round(self):
        # Both were slow in the second round: the ratio of all samples' medians would be 1.
        mine, floor = figure("a", [[10], [100], [10]]), figure("b", [[20], [200], [5]])
        self.assertEqual(ratio(mine, floor), (0.5, 0.5, 1.25))

    def test_a_round_that_lacks_one_of_both_has_no_ratio(self):
        self.assertEqual(ratio(figure("a", [[], [4]]), figure("b", [[1], [2]])), (2, 2, 2))
        self.assertIsNone(ratio(figure("a", [[1]]), figure("b", [[0]])))


class Goals(unittest.TestCase):
    def reached(self, goal, rounds=((4, 6), (5, 7)), floor="b"):
        mine = figure("a", list(map(list, rounds)), floor=floor)
        return is_reached(mine, goal, [mine, Absent("c", "none"), figure("b", [[5, 5], [3, 3]])])

    def test_each_statistic_against_its_bound(self):
        for of, bound in (("median", 5.5), ("p99", 7), ("largest", 7), ("ratio", 1.5), ("above floor", 1.5)):
            self.assertTrue(self.reached({"of": of, "most": bound}), of)
            self.assertFalse(self.reached({"of": of, "most": bound - 0.01}), of)
            self.assertTrue(self.reached({"of": of, "least": bound}), of)
            self.assertFalse(self.reached({"of": of, "least": bound + 0.01}), of)

    def test_what_its_floor_is_missing_for_is_not_known(self):
        self.assertIsNone(self.reached({"of": "ratio", "most": 1}, floor="c"))
        self.assertIsNone(self.reached({"of": "above floor", "most": 1}, floor=""))


class Changes(unittest.TestCase):
    def found(self, before, now, better="lower"):
        made = changes([figure("a", [[before]], better=better)], [figure("a", [[now]], better=better)])
        return [(one.is_regression(), round(one.part(), 2)) for one in made]

    def test_only_15_percent_and_more_count(self):
        for now, wanted in ((114.9, []), (115, [(True, 0.15)]), (85, [(False, -0.15)]), (85.1, []), (100, [])):
            self.assertEqual(self.found(100, now), wanted, now)

    def test_what_is_better_higher_is_worse_lower(self):
        self.assertEqual(self.found(100, 80, "higher"), [(True, -0.2)])
        self.assertEqual(self.found(100, 120, "higher"), [(False, 0.2)])
        self.assertEqual(self.found(100, 200, ""), [], "what is only told")

    def test_ratios_are_compared_where_there_is_a_floor(self):
        slow = [figure("a", [[20], [22]], floor="b"), figure("b", [[10], [11]])]
        quick = [figure("a", [[2], [2]], floor="b"), figure("b", [[1], [1]])]
        self.assertEqual(changes(slow, quick), [], "another machine, the same ratio")
        worse = [figure("a", [[3], [3]], floor="b"), figure("b", [[1], [1]])]
        self.assertEqual([(one.of, one.before, one.now) for one in changes(slow, worse)], [("ratio", 2, 3)])

    def test_it_says_whether_the_spreads_overlap(self):
        wide = [figure("a", [[80], [100], [160]])]
        for now, within in ((130, True), (170, False)):
            self.assertEqual([one.within_spread for one in changes(wide, [figure("a", [[now]])])], [within], now)

    def test_what_is_new_or_absent_is_no_change(self):
        self.assertEqual(changes([Absent("a", "no cells")], [figure("a", [[1]]), figure("n", [[1]])]), [])
        self.assertEqual(changes([figure("a", [[1]])], [Absent("a", "gone")]), [])

    def test_regressions_come_first_and_the_largest_of_them(self):
        before = [figure(case, [[100]]) for case in "abc"]
        now = [figure("a", [[10]]), figure("b", [[120]]), figure("c", [[190]])]
        self.assertEqual([one.case for one in changes(before, now)], ["c", "b", "a"])


class Kept(unittest.TestCase):
    def document(self):
        figures = [figure("a", [[1.23456789, 2], [3]], floor="b", goals=[{"of": "ratio", "most": 2}], parts={"cold": 1.0}),
                   Figure("b", "", [[1, 1], [1]], better=""), Absent("c", "this hearthd has none")]
        return results.document("cold", "Cold starts", figures, results.describe_machine(), {"rounds": 2})

    def test_what_is_kept_is_read_as_it_was_but_for_digits(self):
        with tempfile.TemporaryDirectory() as folder:
            path = results.save(self.document(), pathlib.Path(folder))
            for place in (path, folder):
                kept = results.load(place)["cold"]
                one, other, absent = results.figures_of(kept)
                self.assertEqual((one.rounds, one.goals, one.parts), ([[1.2346, 2], [3]], [{"of": "ratio", "most": 2}],
                                                                      {"cold": 1.0}))
                self.assertEqual((other.unit, other.better, absent), ("", "", Absent("c", "this hearthd has none")))
            self.assertIn("[1.2346, 2.0]", path.read_text(), "a round stands on one line")

    def test_each_figure_is_a_line_for_the_reader(self):
        text = report.as_text(self.document())
        self.assertRegex(text, r"(?m)^a +2 ms .*2\.31 \(1\.96–2\.65\) +b +ratio ≤ 2 ×: not reached: 2\.31$")
        self.assertRegex(text, r"(?m)^c +not there: this hearthd has none$")
        page = report.as_section(self.document())
        self.assertEqual({line.count(" | ") for line in page.splitlines() if line.startswith("| ")}, {6})


class Oracle(unittest.TestCase):
    def test_it_gives_up_what_is_wanted_last(self):
        for sequence, room, wanted in (("abcabc", 3, 3), ("abcabc", 2, 4), ("abcabc", 1, 6), ("aaaa", 1, 1),
                                       ("abacabad", 2, 5), ("", 2, 0)):
            self.assertEqual(oracle.misses(sequence, room), wanted, (sequence, room))


if __name__ == "__main__":
    unittest.main()

//! The measures in SQL, as an analyst writes them.

use super::limits::SqlLimits;
use super::samples::{Filled, filled};
use crate::analysis::sets::ranks;
use crate::analysis::work::{DRAWS_MAX, Work};
use expect_test::{Expect, expect};
use vigie_model::doors::QueryFormat;

async fn assert_says(filled: &Filled, sql: &str, expected: Expect) {
    expected.assert_eq(&filled.text(sql, QueryFormat::Csv).await);
}

#[tokio::test]
async fn measures_of_a_row() {
    let filled = filled(SqlLimits::default()).await;
    let rows =
        "SELECT o, e, round(rate(o, e), 3) AS r, round(rate_low(o, e), 3) AS low, round(rate_high(o, e), 3) AS high
        FROM (VALUES (10, 5000), (0, 1000.5), (4, 0), (NULL, 7), (4, NULL)) AS t(o, e) ORDER BY e DESC";
    assert_says(
        &filled,
        rows,
        expect![[r#"
            o,e,r,low,high
            4,,,,
            10,5000.0,2.0,0.957,3.678
            0,1000.5,0.0,0.0,3.666
            ,7.0,,,
            4,0.0,,,
        "#]],
    )
    .await;
    assert_says(
        &filled,
        "SELECT round(share(18, 40), 4) AS p, round(share_low(18, 40), 4) AS low, share(0, 0) AS nobody,
            published_share(3, 9) AS few, published_count(4) AS small, published_count(5) AS shown, rounded_count(13) AS r,
            round(night_to_day(18, 22), 3) AS n, round(night_change_high(40, 50, 20, 50), 3) AS c,
            round(happened(10, 0.4, 0.3, 0.5), 1) AS h",
        expect![[r#"
            p,low,nobody,few,small,shown,r,n,c,h
            0.45,0.3071,,,,5.0,15.0,0.818,0.972,25.0
        "#]],
    )
    .await;
    assert_says(
        &filled,
        "SELECT round(d['success'], 3) AS success, round(d['quotient'], 3) AS quotient, d['note'] AS note FROM (
            SELECT displacement(a0, a1, b0, b1, c0, c1) AS d
            FROM (VALUES (200, 100, 150, 190, 400, 400), (20, 18, 15, 19, 40, 40)) AS t(a0, a1, b0, b1, c0, c1)) ORDER BY success",
        expect![[r#"
            success,quotient,note
            -0.25,-0.4,
            -0.05,,the area did not fall against the control beyond chance: nothing can have moved
        "#]],
    )
    .await;
}

#[tokio::test]
async fn measures_of_a_set() {
    let filled = filled(SqlLimits::default()).await;
    assert_says(
        &filled,
        "SELECT space, round(r['rho'], 4) AS rho, round(r['p'], 4) AS p, r['pairs'] AS pairs, r['note'] AS note FROM (
            SELECT space, spearman(x, y) AS r FROM (VALUES
                ('a', 1, 5), ('a', 2, 6), ('a', 3, 7), ('a', 4, 8), ('a', 5, 7), ('a', 5, 9), ('a', NULL, 4),
                ('b', 1, 2), ('b', 2, 3), ('c', 1, 1), ('c', 1, 2), ('c', 1, 3), ('c', 1, 4)) AS t(space, x, y)
            GROUP BY space) ORDER BY space",
        expect![[r#"
            space,rho,p,pairs,note
            a,0.8382,0.0371,6.0,
            b,,,,the first measure: 2 values; at least 4 are needed
            c,,,,"all values of the first measure are the same, so nothing can vary with them"
        "#]],
    )
    .await;
    assert_says(
        &filled,
        "SELECT round(s['share'], 3) AS share, round(s['low'], 3) AS low, round(s['n'], 3) AS n FROM (
            SELECT weighted_share(k, 1, w) AS s FROM (VALUES (1, 1), (0, 3), (1, 2), (0, 1)) AS t(k, w)
            UNION ALL SELECT standardised_share(k, n, w) FROM (VALUES (18, 40, 3), (2, 20, 1)) AS t(k, n, w))
        ORDER BY share DESC",
        expect![[r#"
            share,low,n
            0.429,0.101,3.267
            0.363,0.254,60.0
        "#]],
    )
    .await;
    assert_says(
        &filled,
        "SELECT weighted_share(k, n, w)['note'] AS note FROM (VALUES (0, 0, 1)) AS t(k, n, w)",
        expect![[r#"
            note
            the answers: 0 values; at least 1 are needed
        "#]],
    )
    .await;
    // A level that halves in month 25, exactly.
    let months =
        (1..=48).map(|t| format!("({t}, {}, 10)", if t >= 25 { 50 } else { 100 })).collect::<Vec<_>>().join(", ");
    assert_says(
        &filled,
        &format!(
            "SELECT round(s['level'], 3) AS level, round(s['trend'], 3) AS trend, s['points'] AS points, s['note'] AS note
            FROM (SELECT interrupted_poisson(t, n, e, 25) AS s FROM (VALUES {months}) AS m(t, n, e)
                UNION ALL SELECT interrupted_series(t, n, e, 25) FROM (VALUES (1, 2, 3)) AS m(t, n, e)) ORDER BY points"
        ),
        expect![[r#"
            level,trend,points,note
            0.5,1.0,48.0,
            ,,,the counts: 1 values; at least 9 are needed
        "#]],
    )
    .await;
    assert_says(
        &filled,
        "SELECT round(r['rho'], 3) AS rho, r['pairs'] AS pairs FROM (
            SELECT spearman_lag(t, x, y, 1) AS r FROM
                (VALUES (1, 3, 0), (2, 1, 3), (3, 4, 1), (4, 2, 4), (5, 9, 2), (7, 0, 9)) AS m(t, x, y))",
        expect![[r#"
            rho,pairs
            1.0,4.0
        "#]],
    )
    .await;
}

#[tokio::test]
async fn measures_of_each_row_among_others() {
    let filled = filled(SqlLimits::default()).await;
    assert_says(
        &filled,
        "SELECT o, round(empirical_bayes(o, e) OVER (), 1) AS theta
        FROM (VALUES (2, 12), (9, 8.5), (0, 1.2), (30, 20), (4, 6), (3, 0), (NULL, 4)) AS t(o, e) ORDER BY o",
        expect![[r#"
            o,theta
            0,739.2
            2,373.1
            3,
            4,782.9
            9,1019.8
            30,1400.7
            ,
        "#]],
    )
    .await;
    assert_says(
        &filled,
        "SELECT space, period, round(g['index'], 3) AS gap, g['low'] < g['index'] AS below, g['label'] AS label, g['note'] AS note
        FROM (SELECT *, gap_index(asked, felt, o, e) OVER (PARTITION BY period) AS g FROM (VALUES
            ('a', 'night', 400, 40, 160, 1), ('b', 'night', 400, 80, 120, 1), ('c', 'night', 400, 120, 80, 1),
            ('d', 'night', 400, 160, 40, 1), ('e', 'night', 0, 0, 40, 1), ('a', 'day', 400, 40, 9, 1)
        ) AS t(space, period, asked, felt, o, e)) ORDER BY period, space",
        expect![[r#"
            space,period,gap,below,label,note
            a,day,,,,the spaces: 1 values; at least 3 are needed
            a,night,-2.683,true,felt_better,
            b,night,-0.894,true,felt_better,
            c,night,0.894,true,felt_worse,
            d,night,2.683,true,felt_worse,
            e,night,,,,
        "#]],
    )
    .await;
    assert_says(
        &filled,
        "SELECT p, holm(p) OVER () AS adjusted, n, published_counts(n) OVER () AS shown
        FROM (VALUES (0.01, 3), (0.04, 40), (0.03, 8), (0.005, 0)) AS t(p, n) ORDER BY p",
        expect![[r#"
            p,adjusted,n,shown
            0.005,0.02,0,0.0
            0.01,0.03,3,
            0.03,0.06,8,
            0.04,0.06,40,40.0
        "#]],
    )
    .await;
}

/// Whatever the order of rows and the number of threads, the same rows give the same intervals.
#[tokio::test]
async fn bootstraps_repeat_themselves() {
    let filled = filled(SqlLimits::default()).await;
    let places = "(VALUES (300, 40, 160, 1), (310, 80, 120, 1), (320, 120, 80, 2), (330, 160, 40, 1)) AS t(a, f, o, e)";
    let mut found = std::collections::BTreeSet::new();
    for order in ["a", "a DESC", "f", "o % 7"] {
        let sql = format!(
            "SELECT min(g['low']), max(g['high']), min(r['low']) FROM (
                SELECT gap_index(a, f, o, e) OVER (ORDER BY {order}) AS g FROM {places}),
                (SELECT spearman(a, o) AS r FROM (SELECT * FROM {places} ORDER BY {order}))"
        );
        found.insert(filled.text(&sql, QueryFormat::Csv).await);
    }
    assert_eq!(found.len(), 1, "{found:?}");
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_the_reason() {
    let filled = filled(SqlLimits::default()).await;
    let mut refusals = String::new();
    for sql in [
        "SELECT rate(-1, 5)",
        "SELECT rate(o, 5) FROM (VALUES (1), (-3)) AS t(o)",
        "SELECT rate(1)",
        "SELECT rate('many', 5)",
        "SELECT share(5, 4)",
        "SELECT published_count(2.5)",
        "SELECT spearman(1, 2, 3)",
        "SELECT spearman(DISTINCT x, x) FROM (VALUES (1)) AS t(x)",
        "SELECT weighted_share(2, 1, 1)",
        "SELECT interrupted_level(t, 3, 1, 5) FROM (VALUES (1), (1)) AS m(t)",
        "SELECT interrupted_level(t, 3, 1, t) FROM (VALUES (1), (2)) AS m(t)",
        "SELECT holm(p) OVER () FROM (VALUES (1.5)) AS t(p)",
        "SELECT spearman(x, x) FROM (SELECT row_number() OVER () AS x FROM alerts AS a, alerts AS b, alerts AS c,
            alerts AS d, alerts AS e, alerts AS f, alerts AS g, alerts AS h, alerts AS i, alerts AS j, alerts AS k,
            alerts AS l, alerts AS m, alerts AS n)",
    ] {
        refusals.push_str(&format!(
            "{}\n    {}",
            sql.lines().next().unwrap(),
            filled.text(sql, QueryFormat::Csv).await
        ));
    }
    expect![[r#"
        SELECT rate(-1, 5)
            the statement failed: rate: the observed count is -1; it has to be a number from 0 on
        SELECT rate(o, 5) FROM (VALUES (1), (-3)) AS t(o)
            the statement failed: rate: the observed count is -3; it has to be a number from 0 on
        SELECT rate(1)
            rate takes 2 arguments: rate(observed, exposure)
        SELECT rate('many', 5)
            rate(observed, exposure): observed is of type Utf8; it has to be a number
        SELECT share(5, 4)
            the statement failed: share: the number of people who said so is 5; it has to be from 0 to the number of answers
        SELECT published_count(2.5)
            the statement failed: published_count: the count is 2.5; it has to be a whole number from 0 on
        SELECT spearman(1, 2, 3)
            spearman takes 2 arguments: spearman(x, y)
        SELECT spearman(DISTINCT x, x) FROM (VALUES (1)) AS t(x)
            an aggregate of several arguments takes no DISTINCT: it would lose rows that count
        SELECT weighted_share(2, 1, 1)
            the statement failed: weighted_share: the number of people who said so is 2; it has to be from 0 to the number of answers
        SELECT interrupted_level(t, 3, 1, 5) FROM (VALUES (1), (1)) AS m(t)
            the statement failed: interrupted_level: a time is 1; it has to be there once; group rows by time first
        SELECT interrupted_level(t, 3, 1, t) FROM (VALUES (1), (2)) AS m(t)
            the statement failed: interrupted_level: the start of the measure is 2; it has to be the same in all rows
        SELECT holm(p) OVER () FROM (VALUES (1.5)) AS t(p)
            the statement failed: holm: a p-value is 1.5; it has to be from 0 to 1
        SELECT spearman(x, x) FROM (SELECT row_number() OVER () AS x FROM alerts AS a, alerts AS b, alerts AS c,
            the statement failed: spearman: the rows of a group: 16384 values; at most 10000 are taken, aggregate them first
    "#]].assert_eq(&refusals);
}

/// However many groups share them.
#[tokio::test]
async fn bootstraps_of_a_query_are_bounded() {
    let filled = filled(SqlLimits::default()).await;
    let twice = |table: &str| (0..12).map(|at| format!("{table} AS t{at}")).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "SELECT count(r) FROM (SELECT n % 1000 AS g, spearman(n, n * n) AS r
            FROM (SELECT CAST(row_number() OVER () AS BIGINT) AS n FROM {}) GROUP BY 1)",
        twice("alerts")
    );
    // 4,096 rows in 1,000 groups of four or five: 4 million draws.
    assert_eq!(filled.text(&sql, QueryFormat::Csv).await, "count(r)\n1000\n");
    let work = Work::default();
    work.take(DRAWS_MAX - 5_000).unwrap();
    let column = |factor: f64| (0..10).map(|at| f64::from(at) * factor).collect::<Vec<_>>();
    let refused = ranks(&[column(1.0), column(2.0)], &work).unwrap_err().to_string();
    assert!(
        refused.starts_with("random draws of a query's bootstraps: 200005000 values; at most 200000000"),
        "{refused}"
    );
}

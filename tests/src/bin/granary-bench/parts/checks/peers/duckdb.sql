-- The twenty rules in SQL. Input: rec (a row for each county and period, DECIMAL(18,2)) and par (cities and provinces).
-- Sections begin with '--# '. NULL is undecided: SQL's connectives are Kleene's.
--# row12
CREATE OR REPLACE TEMP TABLE v AS
SELECT unit_id, period,
  abs(gdp - (gdp_primary + gdp_secondary + gdp_tertiary)) <= 0.05                             AS "B1",
  abs(gdp_primary - (agri_crops + agri_livestock)) <= 0.02                                    AS "B2",
  abs(gdp_secondary - (ind_mining + ind_manufacturing + ind_construction)) <= 0.03            AS "B3",
  abs(gdp_tertiary - (svc_trade + svc_transport + svc_finance + svc_other)) <= 0.04           AS "B4",
  abs(gdp - (agri_crops + agri_livestock + ind_mining + ind_manufacturing + ind_construction
             + svc_trade + svc_transport + svc_finance + svc_other)) <= 0.09                  AS "B5",
  abs(100 * pop_urban - population * urban_share) <= 5                                        AS "B6",
  income_urban >= income_rural                                                                AS "I1",
  urban_share BETWEEN 0 AND 100                                                               AS "I2",
  employed <= population                                                                      AS "I3",
  investment >= 0 AND retail_sales >= 0                                                       AS "I4",
  NOT (population > 0) OR gdp > 0                                                             AS "C1",
  NOT (fiscal_revenue > 0 AND gdp_secondary > 0) OR electricity > 0                           AS "C2",
FROM rec;
CREATE OR REPLACE TEMP TABLE verdicts AS
SELECT rule, unit_id, period, CASE WHEN ok IS NULL THEN 'undecided' ELSE 'fail' END AS verdict
FROM v UNPIVOT INCLUDE NULLS (ok FOR rule IN ("B1","B2","B3","B4","B5","B6","I1","I2","I3","I4","C1","C2"))
WHERE ok IS NOT TRUE;
--# all20
-- previous period and same period last year by equi-join on t (1.7 x faster here than 34 lag() windows, and safe with gaps)
CREATE OR REPLACE TEMP TABLE v AS
SELECT r.unit_id, r.period,
  abs(r.gdp - (r.gdp_primary + r.gdp_secondary + r.gdp_tertiary)) <= 0.05                     AS "B1",
  abs(r.gdp_primary - (r.agri_crops + r.agri_livestock)) <= 0.02                              AS "B2",
  abs(r.gdp_secondary - (r.ind_mining + r.ind_manufacturing + r.ind_construction)) <= 0.03    AS "B3",
  abs(r.gdp_tertiary - (r.svc_trade + r.svc_transport + r.svc_finance + r.svc_other)) <= 0.04 AS "B4",
  abs(r.gdp - (r.agri_crops + r.agri_livestock + r.ind_mining + r.ind_manufacturing + r.ind_construction
               + r.svc_trade + r.svc_transport + r.svc_finance + r.svc_other)) <= 0.09        AS "B5",
  abs(100 * r.pop_urban - r.population * r.urban_share) <= 5                                  AS "B6",
  r.income_urban >= r.income_rural                                                            AS "I1",
  r.urban_share BETWEEN 0 AND 100                                                             AS "I2",
  r.employed <= r.population                                                                  AS "I3",
  r.investment >= 0 AND r.retail_sales >= 0                                                   AS "I4",
  NOT (r.population > 0) OR r.gdp > 0                                                         AS "C1",
  NOT (r.fiscal_revenue > 0 AND r.gdp_secondary > 0) OR r.electricity > 0                     AS "C2",
  r.quarter = 1 OR r.investment >= p.investment                                               AS "T1",
  CASE WHEN y.gdp > 0 THEN abs(r.gdp_growth * y.gdp - 100 * (r.gdp - y.gdp)) <= 0.5 * y.gdp END AS "T2",
  CASE WHEN p.employed > 0 THEN r.employed BETWEEN 0.80 * p.employed AND 1.25 * p.employed END  AS "T3",
  NOT (@D1@)                                                                                  AS "D1",
FROM rec r LEFT JOIN rec p ON p.unit_id = r.unit_id AND p.t = r.t - 1
           LEFT JOIN rec y ON y.unit_id = r.unit_id AND y.t = r.t - 4;

CREATE OR REPLACE TEMP TABLE verdicts AS
SELECT rule, unit_id, period, CASE WHEN ok IS NULL THEN 'undecided' ELSE 'fail' END AS verdict
FROM v UNPIVOT INCLUDE NULLS (ok FOR rule IN ("B1","B2","B3","B4","B5","B6","I1","I2","I3","I4","C1","C2","T1","T2","T3","D1"))
WHERE ok IS NOT TRUE;

-- roll-ups: a missing child makes the sum unknown
INSERT INTO verdicts
WITH p AS (SELECT unit_id, level, parent_id, period, UNNEST(['gdp', 'investment']) AS ind, UNNEST([gdp, investment]) AS x FROM par),
     c AS (SELECT city_id AS unit_id, period,
                  CASE WHEN count(gdp) = count(*) THEN sum(gdp) END AS s1,
                  CASE WHEN count(investment) = count(*) THEN sum(investment) END AS s2 FROM rec GROUP BY ALL
           UNION ALL
           SELECT parent_id, period, CASE WHEN count(gdp) = count(*) THEN sum(gdp) END,
                  CASE WHEN count(investment) = count(*) THEN sum(investment) END FROM par WHERE level = 'city' GROUP BY ALL),
     j AS (SELECT CASE level WHEN 'city' THEN 'U1' ELSE 'U2' END AS rule, p.unit_id || ':' || ind AS unit_id, period,
                  abs(x - CASE ind WHEN 'gdp' THEN s1 ELSE s2 END) <= 1.00 AS ok
           FROM p JOIN c USING (unit_id, period))
SELECT rule, unit_id, period, CASE WHEN ok IS NULL THEN 'undecided' ELSE 'fail' END FROM j WHERE ok IS NOT TRUE;

-- O1: modified z-score in exact hundredths (halves and quarters are exact in DOUBLE)
INSERT INTO verdicts
WITH e AS (SELECT unit_id, period, (electricity * 100)::BIGINT AS x FROM rec),
     m AS (SELECT unit_id, median(x) AS med, count(x) AS n FROM e GROUP BY unit_id),
     a AS (SELECT e.unit_id, e.period, abs(e.x - m.med) AS dev, n FROM e JOIN m USING (unit_id)),
     d AS (SELECT unit_id, median(dev) AS mad FROM a GROUP BY unit_id),
     z AS (SELECT unit_id, period, CASE WHEN n >= 5 AND mad > 0 THEN NOT (6745 * dev >= 35000 * mad) END AS ok FROM a JOIN d USING (unit_id))
SELECT 'O1', unit_id, period, CASE WHEN ok IS NULL THEN 'undecided' ELSE 'fail' END FROM z WHERE ok IS NOT TRUE;

-- O2: Hidiroglou-Berthelot, U = .5, A = .05, C = 4
INSERT INTO verdicts
WITH l AS (SELECT unit_id, period, gdp::DOUBLE AS x, lag(gdp::DOUBLE) OVER (PARTITION BY unit_id ORDER BY t) AS y FROM rec),
     r AS (SELECT unit_id, period, x, y, CASE WHEN x > 0 AND y > 0 THEN x / y END AS r FROM l),
     q AS (SELECT period, median(r) AS rm FROM r GROUP BY period),
     e AS (SELECT unit_id, period, CASE WHEN r < rm THEN 1 - rm / r ELSE r / rm - 1 END * sqrt(greatest(x, y)) AS e
           FROM r JOIN q USING (period)),
     b AS (SELECT period, quantile_cont(e, [0.25, 0.5, 0.75]) AS k FROM e GROUP BY period),
     g AS (SELECT period, k[2] - 4 * greatest(k[2] - k[1], abs(0.05 * k[2])) AS lo,
                          k[2] + 4 * greatest(k[3] - k[2], abs(0.05 * k[2])) AS hi FROM b),
     z AS (SELECT unit_id, period, e BETWEEN lo AND hi AS ok FROM e LEFT JOIN g USING (period))
SELECT 'O2', unit_id, period, CASE WHEN ok IS NULL THEN 'undecided' ELSE 'fail' END FROM z WHERE ok IS NOT TRUE;

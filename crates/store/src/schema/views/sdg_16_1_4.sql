SELECT wave, question, scale, sex, age, asked,
  1 - published_share(felt_unsafe, asked) AS safe_share,
  1 - published_share_high(felt_unsafe, asked) AS safe_share_low,
  1 - published_share_low(felt_unsafe, asked) AS safe_share_high
FROM (
  SELECT wave, question, scale, "group"['sex'] AS sex, "group"['age'] AS age,
    CAST(sum(n) AS DOUBLE) AS asked, sum(unsafe) AS felt_unsafe
  FROM perceptions
  WHERE question = 'safe-alone' AND period = 'night'
  GROUP BY 1, 2, 3, 4, 5
)

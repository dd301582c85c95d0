{# Which rows prod has: those from before the promotion, those that it writes, or others. #}
select case when {{ promoted }} then 'written' when {{ as_planned }} then 'before' when {{ as_planned_or_promoted }} then 'between' else 'moved' end as standing

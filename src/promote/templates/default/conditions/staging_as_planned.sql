{# Staging holds one row for each model, all at the planned time; offline, no time is known. #}
(select count(*) from (select model from {{ staging }} where model in ({{ models | literals }}) group by model having count(*) = 1 and
{%- if time %} min(last_success) = {{ time | timestamp }} and max(last_success) = {{ time | timestamp }}
{%- else %} min(last_success) = max(last_success)
{%- endif %}) as planned) = {{ models | length }}
  and (select count(distinct last_success) from {{ staging }} where model in ({{ models | literals }})) = 1

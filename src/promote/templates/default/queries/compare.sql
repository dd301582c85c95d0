select
  {{ what | literal }} as what,
  cast(({{ staging }}) as varchar) as staging,
  cast(({{ prod }}) as varchar) as prod

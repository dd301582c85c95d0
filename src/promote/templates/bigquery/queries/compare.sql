select
  {{ what | literal }} as what,
  cast(({{ staging }}) as string) as staging,
  cast(({{ prod }}) as string) as prod

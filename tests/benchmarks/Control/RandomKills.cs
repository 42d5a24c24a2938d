namespace Broadcast.Benchmarks;

/// <summary>Kills and restarts a process at random instants.</summary>
internal static class RandomKills
{
    private const double Shortest = 3;
    private const double Longest = 12;

    /// <summary>Runs until a given time and leaves the process running.</summary>
    /// <param name="seed">Seed of the intervals: 3 to 12 s after the process is ready again.</param>
    /// <param name="until">End time.</param>
    /// <param name="kill">Kills the process.</param>
    /// <param name="restart">Restarts the process and completes when it is ready.</param>
    /// <returns>Number of kills.</returns>
    public static async Task<int> RunAsync(int seed, DateTimeOffset until, Func<Task> kill, Func<Task> restart)
    {
        var random = new Random(seed);
        for (var kills = 0; ; kills++)
        {
            var wait = TimeSpan.FromSeconds(Shortest + (random.NextDouble() * (Longest - Shortest)));
            if (TimeProvider.System.GetUtcNow() + wait > until)
            {
                return kills;
            }

            await Task.Delay(wait, TimeProvider.System);
            await kill();
            await restart();
        }
    }
}

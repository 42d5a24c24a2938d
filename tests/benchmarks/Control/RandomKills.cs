namespace Broadcast.Benchmarks;

/// <summary>Kills something at random instants and starts it again, all through a time.</summary>
internal static class RandomKills
{
    private const double Shortest = 3;
    private const double Longest = 12;

    /// <summary>Goes on until a time has come; what is killed last is started again, too.</summary>
    /// <param name="seed">Draws the instants: 3 to 12 s after it was ready again.</param>
    /// <param name="until">The time.</param>
    /// <param name="kill">Kills it.</param>
    /// <param name="restart">Starts it again, and completes when it is ready.</param>
    /// <returns>How often.</returns>
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

namespace Broadcast.Fuzz.Tests;

/// <summary>Searches one target: mutates inputs, keeps those with a new outcome, and minimizes failing ones.</summary>
/// <param name="target">The target.</param>
/// <param name="seeds">Initial corpus.</param>
/// <param name="random">Source of randomness.</param>
internal sealed class Fuzzer(FuzzTarget target, IEnumerable<byte[]> seeds, Random random)
{
    /// <summary>Maximum size of the corpus.</summary>
    public const int MaxCorpus = 4096;

    private const int MaxMinimizing = 3000;

    private readonly Mutator _mutator = new(random);
    private readonly List<byte[]> _corpus = [.. seeds];
    private readonly HashSet<ulong> _shapes = [];
    private readonly HashSet<string> _failures = new(StringComparer.Ordinal);

    /// <summary>Number of executed inputs.</summary>
    public long Runs { get; private set; }

    /// <summary>Number of distinct outcomes.</summary>
    public int Shapes => _shapes.Count;

    /// <summary>Size of the corpus.</summary>
    public int Kept => _corpus.Count;

    /// <summary>Executes a number of inputs.</summary>
    /// <param name="count">Number of inputs.</param>
    /// <param name="found">Called for each new failure with its minimized input.</param>
    /// <param name="watchdog">Detects inputs that hang, or <see langword="null"/>.</param>
    public void Run(int count, Action<byte[], string> found, Watchdog? watchdog = null)
    {
        if (_corpus.Count == 0)
        {
            _corpus.Add([]);
        }

        for (var i = 0; i < count; i++)
        {
            // Recent inputs are mutated more often: their neighborhood is unexplored.
            var from = _corpus[random.Next(3) == 0 ? random.Next(_corpus.Count) : _corpus.Count - 1
                - (int)(_corpus.Count * Math.Pow(random.NextDouble(), 3))];
            var input = _mutator.Mutate(from, _corpus[random.Next(_corpus.Count)], target);
            watchdog?.Begin(target, input);
            var verdict = Oracle.Judge(target, input);
            Runs++;
            if (verdict.Failure is { } failure)
            {
                if (_failures.Add(Kind(failure)))
                {
                    found(Minimize(input, failure), failure);
                }
            }
            else if (_shapes.Add(verdict.Shape))
            {
                Keep(input);
            }
        }
    }

    private void Keep(byte[] input)
    {
        if (_corpus.Count < MaxCorpus)
        {
            _corpus.Add(input);
        }
        else
        {
            _corpus[random.Next(MaxCorpus / 2)] = input;
        }
    }

    /// <summary>Removes ever smaller pieces while the same failure occurs.</summary>
    private byte[] Minimize(byte[] input, string failure)
    {
        var tries = 0;
        for (var size = Math.Max(1, input.Length / 2); size >= 1 && tries < MaxMinimizing; size /= 2)
        {
            for (var at = 0; at < input.Length && tries < MaxMinimizing;)
            {
                byte[] shorter = [.. input[..at], .. input[Math.Min(input.Length, at + size)..]];
                tries++;
                if (Oracle.Judge(target, shorter).Failure is { } still && Kind(still) == Kind(failure))
                {
                    input = shorter;
                }
                else
                {
                    at += size;
                }
            }
        }

        return input;
    }

    /// <summary>Merges failures that differ only in numbers.</summary>
    private static string Kind(string failure) => new([.. failure.Where(c => !char.IsAsciiDigit(c))]);
}

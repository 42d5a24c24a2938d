namespace Broadcast.Fuzz.Tests;

/// <summary>Searches one target: changes inputs, keeps those whose outcome is new, and makes what fails as short as it can.</summary>
/// <param name="target">What is searched.</param>
/// <param name="seeds">What to begin with.</param>
/// <param name="random">Where chance comes from.</param>
internal sealed class Fuzzer(FuzzTarget target, IEnumerable<byte[]> seeds, Random random)
{
    /// <summary>Most inputs kept.</summary>
    public const int MaxCorpus = 4096;

    private const int MaxMinimizing = 3000;

    private readonly Mutator _mutator = new(random);
    private readonly List<byte[]> _corpus = [.. seeds];
    private readonly HashSet<ulong> _shapes = [];
    private readonly HashSet<string> _failures = new(StringComparer.Ordinal);

    /// <summary>Inputs run.</summary>
    public long Runs { get; private set; }

    /// <summary>Outcomes told apart.</summary>
    public int Shapes => _shapes.Count;

    /// <summary>Inputs kept.</summary>
    public int Kept => _corpus.Count;

    /// <summary>Runs a number of inputs.</summary>
    /// <param name="count">How many.</param>
    /// <param name="found">Told of each new failure, with the shortest input that shows it.</param>
    /// <param name="watchdog">Watches for inputs without end, or <see langword="null"/>.</param>
    public void Run(int count, Action<byte[], string> found, Watchdog? watchdog = null)
    {
        if (_corpus.Count == 0)
        {
            _corpus.Add([]);
        }

        for (var i = 0; i < count; i++)
        {
            // The newest are changed more often: what is just behind them has not been seen.
            var from = _corpus[random.Next(3) == 0 ? random.Next(_corpus.Count) : _corpus.Count - 1 - (int)(_corpus.Count * Math.Pow(random.NextDouble(), 3))];
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

    /// <summary>Leaves out ever smaller pieces as long as the same failure shows.</summary>
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

    /// <summary>Failures that differ only in numbers are one.</summary>
    private static string Kind(string failure) => new([.. failure.Where(c => !char.IsAsciiDigit(c))]);
}

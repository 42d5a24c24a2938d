namespace Broadcast.Chat.Filters.Words;

/// <summary>
/// Aho-Corasick automaton over sequences of code points: finds all patterns in a text in one pass, with at most two steps per code point
/// and one for each pattern that ends there. Immutable and thread-safe.
/// </summary>
internal sealed class WordAutomaton
{
    /// <summary>State before the first code point.</summary>
    public const int Start = 0;

    private const int DirectLetters = 128;
    private readonly Dictionary<long, int> _edges = [];
    private readonly int[] _firstEdges = new int[DirectLetters];

    // For each state: the state of its longest proper suffix, the nearest state in that chain at which patterns end, and its patterns.
    private readonly int[] _suffix;
    private readonly int[] _shorter;
    private readonly int[]?[] _patterns;

    /// <summary>Compiles patterns.</summary>
    /// <param name="patterns">The code points of each pattern, at least one.</param>
    public WordAutomaton(IReadOnlyList<int[]> patterns)
    {
        var parents = new List<(int State, int Letter)> { (Start, 0) };
        var ends = new List<List<int>?> { null };
        for (var pattern = 0; pattern < patterns.Count; pattern++)
        {
            var state = Start;
            foreach (var letter in patterns[pattern])
            {
                if (!_edges.TryGetValue(Key(state, letter), out var next))
                {
                    next = parents.Count;
                    _edges.Add(Key(state, letter), next);
                    parents.Add((state, letter));
                    ends.Add(null);
                }

                state = next;
            }

            (ends[state] ??= []).Add(pattern);
        }

        _patterns = [.. ends.Select(end => end?.ToArray())];
        (_suffix, _shorter) = (new int[parents.Count], new int[parents.Count]);
        for (var letter = 0; letter < DirectLetters; letter++)
        {
            _firstEdges[letter] = _edges.GetValueOrDefault(Key(Start, letter));
        }

        foreach (var state in ByDepth(parents))
        {
            var (parent, letter) = parents[state];
            var steps = 0;
            _suffix[state] = parent == Start ? Start : Next(_suffix[parent], letter, ref steps);
            _shorter[state] = _patterns[_suffix[state]] is null ? _shorter[_suffix[state]] : _suffix[state];
        }
    }

    /// <summary>Number of states.</summary>
    public int Count => _suffix.Length;

    /// <summary>Returns the state after a code point.</summary>
    /// <param name="state">The state before it.</param>
    /// <param name="letter">The code point.</param>
    /// <param name="steps">Counts visited states.</param>
    public int Next(int state, int letter, ref int steps)
    {
        while (state != Start)
        {
            steps++;
            if (_edges.TryGetValue(Key(state, letter), out var next))
            {
                return next;
            }

            state = _suffix[state];
        }

        steps++;
        return letter < DirectLetters ? _firstEdges[letter] : _edges.GetValueOrDefault(Key(Start, letter));
    }

    /// <summary>Returns the longest state at which patterns end, from a state on; <see cref="Start"/> for none.</summary>
    public int FirstMatch(int state) => _patterns[state] is null ? _shorter[state] : state;

    /// <summary>Returns the next shorter state at which patterns end; <see cref="Start"/> for none.</summary>
    public int NextMatch(int state) => _shorter[state];

    /// <summary>Returns the indexes of the patterns that end at a state returned by <see cref="FirstMatch"/>.</summary>
    public ReadOnlySpan<int> PatternsAt(int state) => _patterns[state];

    private static long Key(int state, int letter) => ((long)state << 21) | (uint)letter;

    // Parents have smaller numbers than their children, but suffixes need all shorter states first.
    private static IEnumerable<int> ByDepth(List<(int State, int Letter)> parents)
    {
        var depths = new int[parents.Count];
        for (var state = 1; state < parents.Count; state++)
        {
            depths[state] = depths[parents[state].State] + 1;
        }

        return Enumerable.Range(1, parents.Count - 1).OrderBy(state => depths[state]);
    }
}

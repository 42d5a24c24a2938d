namespace Broadcast.Fuzz.Tests;

/// <summary>A parser under test, with its permitted behavior.</summary>
internal abstract class FuzzTarget
{
    /// <summary>Folder of its seeds.</summary>
    public abstract string Name { get; }

    /// <summary>Maximum length of inputs.</summary>
    public virtual int MaxLength => 4096;

    /// <summary>Elements of the format, for the mutator.</summary>
    public virtual IReadOnlyList<byte[]> Words => [];

    /// <summary>Parses the whole input and checks the result.</summary>
    /// <param name="input">The bytes.</param>
    /// <param name="shape">Collects the characteristics of this outcome.</param>
    /// <exception cref="PropertyBrokenException">The result violates a property.</exception>
    public abstract void Run(byte[] input, ref Shape shape);

    /// <summary>Returns whether an exception is a permitted rejection.</summary>
    /// <param name="exception">The exception.</param>
    /// <param name="reason">Distinguishes this rejection from others.</param>
    public abstract bool IsRefusal(Exception exception, out string reason);

    /// <summary>Maximum number of bytes that may be allocated for an input of a given length, including exceptions.</summary>
    public virtual long MostAllocated(int length) => (64L * length) + (64 * 1024);

    /// <summary>Splits an input into reads whose sizes are derived from its bytes, so that each input always has the same split.</summary>
    protected static IEnumerable<byte[]> Cut(byte[] input)
    {
        var state = (uint)input.Length * 2654435761;
        for (var at = 0; at < input.Length;)
        {
            state = (state ^ input[at]) * 1664525 + 1013904223;
            var size = Math.Min(input.Length - at, 1 + (int)(state >> 24) % ((state & 1) == 0 ? 7 : 200));
            yield return input[at..(at + size)];
            at += size;
        }
    }

    /// <summary>Fails if a property does not hold.</summary>
    protected static void Hold(bool condition, string what)
    {
        if (!condition)
        {
            throw new PropertyBrokenException(what);
        }
    }
}

/// <summary>Violation of a property of a parser.</summary>
internal sealed class PropertyBrokenException(string what) : Exception(what);

/// <summary>Characteristics of an outcome: two inputs with the same shape give no new information. Sizes count by magnitude only.</summary>
internal struct Shape
{
    private const ulong Prime = 1099511628211;
    private ulong _hash;
    private int _parts;

    /// <summary>The shape as a number.</summary>
    public readonly ulong Value => _hash;

    /// <summary>Adds a kind: only the first 24 count.</summary>
    public void Kind(int kind)
    {
        if (_parts++ < 24)
        {
            _hash = ((_hash ^ (uint)kind) * Prime) ^ (_hash >> 29);
        }
    }

    /// <summary>Adds a size.</summary>
    public void Size(long size) =>
        Kind(size <= 0 ? (int)Math.Max(size, -1) : 64 - System.Numerics.BitOperations.LeadingZeroCount((ulong)size));

    /// <summary>Adds text without its numbers.</summary>
    public void Words(string text)
    {
        _parts = 0;
        var hash = 17;
        foreach (var c in text)
        {
            hash = char.IsAsciiDigit(c) ? hash : unchecked((hash * 31) + c);
        }

        Kind(hash);
    }
}

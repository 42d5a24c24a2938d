namespace Broadcast.Fuzz.Tests;

/// <summary>A parser under test, with what it may do.</summary>
internal abstract class FuzzTarget
{
    /// <summary>Its folder of seeds.</summary>
    public abstract string Name { get; }

    /// <summary>Longest input tried.</summary>
    public virtual int MaxLength => 4096;

    /// <summary>Pieces that this format is made of, for the mutator.</summary>
    public virtual IReadOnlyList<byte[]> Words => [];

    /// <summary>Reads the input to its end and holds what comes out against the rules.</summary>
    /// <param name="input">The bytes.</param>
    /// <param name="shape">Takes what makes this outcome unlike others.</param>
    /// <exception cref="PropertyBrokenException">What came out cannot be.</exception>
    public abstract void Run(byte[] input, ref Shape shape);

    /// <summary>Returns whether an exception is a permitted rejection.</summary>
    /// <param name="exception">What it threw.</param>
    /// <param name="reason">What tells this refusal from others.</param>
    public abstract bool IsRefusal(Exception exception, out string reason);

    /// <summary>Most bytes of garbage for an input of a length, exceptions included.</summary>
    public virtual long MostAllocated(int length) => (64L * length) + (64 * 1024);

    /// <summary>Cuts an input into reads whose sizes follow from its bytes, so that the same input is always cut the same.</summary>
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

    /// <summary>Breaks off when something that must hold does not.</summary>
    protected static void Hold(bool condition, string what)
    {
        if (!condition)
        {
            throw new PropertyBrokenException(what);
        }
    }
}

/// <summary>A parser gave out what cannot be.</summary>
internal sealed class PropertyBrokenException(string what) : Exception(what);

/// <summary>Characteristics of an outcome: two inputs with the same shape give no new information. Sizes count by magnitude only.</summary>
internal struct Shape
{
    private const ulong Prime = 1099511628211;
    private ulong _hash;
    private int _parts;

    /// <summary>The shape as a number.</summary>
    public readonly ulong Value => _hash;

    /// <summary>Adds a kind: the first 24 of them.</summary>
    public void Kind(int kind)
    {
        if (_parts++ < 24)
        {
            _hash = ((_hash ^ (uint)kind) * Prime) ^ (_hash >> 29);
        }
    }

    /// <summary>Adds a size.</summary>
    public void Size(long size) => Kind(size <= 0 ? (int)Math.Max(size, -1) : 64 - System.Numerics.BitOperations.LeadingZeroCount((ulong)size));

    /// <summary>Adds words, without their numbers.</summary>
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

namespace Broadcast.Media.Objects;

/// <summary>
/// Number of a journal file of a session. Files are ordered by epoch and then by number, so that a server that owns the session no longer
/// cannot write a file that is read before those of its owner.
/// </summary>
/// <param name="Epoch">Epoch of the session when the file was created, from 1; 0 in files of versions whose names had no epoch.</param>
/// <param name="Number">Number of the file, from 1.</param>
public readonly record struct JournalNumber(long Epoch, long Number) : IComparable<JournalNumber>
{
    /// <inheritdoc/>
    public int CompareTo(JournalNumber other) => (Epoch, Number).CompareTo((other.Epoch, other.Number));

    /// <summary>Compares two numbers.</summary>
    public static bool operator <(JournalNumber left, JournalNumber right) => left.CompareTo(right) < 0;

    /// <summary>Compares two numbers.</summary>
    public static bool operator >(JournalNumber left, JournalNumber right) => left.CompareTo(right) > 0;

    /// <summary>Compares two numbers.</summary>
    public static bool operator <=(JournalNumber left, JournalNumber right) => left.CompareTo(right) <= 0;

    /// <summary>Compares two numbers.</summary>
    public static bool operator >=(JournalNumber left, JournalNumber right) => left.CompareTo(right) >= 0;
}

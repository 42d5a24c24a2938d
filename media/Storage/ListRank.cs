using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Broadcast.Media;

/// <summary>
/// How new a list (playlist, MPD) is that is stored under a name where the next one will be: by session, then by the epoch of who wrote it, then by how far it reaches. It follows from what the list says
/// and not from a clock, so that a process that was killed and started again goes on behind itself.
/// </summary>
/// <param name="Session">The session that it lists.</param>
/// <param name="Epoch">The session's epoch.</param>
/// <param name="LastSegment">The highest segment number that it lists; of a recording's list, whose epoch is when it was drawn, a number for what it was drawn from.</param>
/// <param name="IsEnded">Whether it says that nothing follows.</param>
public readonly record struct ListRank(SessionId Session, long Epoch, long LastSegment, bool IsEnded) : IComparable<ListRank>
{
    /// <inheritdoc/>
    public int CompareTo(ListRank other)
    {
        var order = Session.CompareTo(other.Session);
        order = order != 0 ? order : Epoch.CompareTo(other.Epoch);
        order = order != 0 ? order : LastSegment.CompareTo(other.LastSegment);
        return order != 0 ? order : IsEnded.CompareTo(other.IsEnded);
    }

    /// <summary>Orders by newness.</summary>
    public static bool operator <(ListRank left, ListRank right) => left.CompareTo(right) < 0;

    /// <summary>Orders by newness.</summary>
    public static bool operator >(ListRank left, ListRank right) => left.CompareTo(right) > 0;

    /// <summary>Orders by newness.</summary>
    public static bool operator <=(ListRank left, ListRank right) => left.CompareTo(right) <= 0;

    /// <summary>Orders by newness.</summary>
    public static bool operator >=(ListRank left, ListRank right) => left.CompareTo(right) >= 0;

    /// <summary>Reads what <see cref="ToString"/> wrote; <see langword="false"/> when it is something else.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out ListRank rank)
    {
        rank = default;
        if (text?.Split('.') is not [var id, var epoch, var last, ("0" or "1") and var ended] || !SessionId.TryParse(id, out var session)
            || !long.TryParse(epoch, NumberStyles.None, CultureInfo.InvariantCulture, out var writer) || !long.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }

        rank = new ListRank(session, writer, number, ended == "1");
        return true;
    }

    /// <summary>As it is noted with the object, in ASCII.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Session}.{Epoch}.{LastSegment}.{(IsEnded ? 1 : 0)}");
}

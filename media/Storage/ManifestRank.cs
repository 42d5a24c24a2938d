using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Broadcast.Media.Storage;

/// <summary>
/// Rank of a manifest among those stored under the same name, ordered by session, epoch of the writer, and last segment. It depends only on
/// the content, never on a clock, so a restarted process continues its own sequence.
/// </summary>
/// <param name="Session">Session of the manifest.</param>
/// <param name="Epoch">The session's epoch.</param>
/// <param name="LastSegment">Highest sequence number in the manifest. For manifests of recordings, whose epoch is their render time, a
/// number derived from the source.</param>
/// <param name="IsEnded">Whether the manifest is marked as ended.</param>
public readonly record struct ManifestRank(SessionId Session, long Epoch, long LastSegment, bool IsEnded) : IComparable<ManifestRank>
{
    /// <inheritdoc/>
    public int CompareTo(ManifestRank other)
    {
        var order = Session.CompareTo(other.Session);
        order = order != 0 ? order : Epoch.CompareTo(other.Epoch);
        order = order != 0 ? order : LastSegment.CompareTo(other.LastSegment);
        return order != 0 ? order : IsEnded.CompareTo(other.IsEnded);
    }

    /// <summary>Orders by rank.</summary>
    public static bool operator <(ManifestRank left, ManifestRank right) => left.CompareTo(right) < 0;

    /// <summary>Orders by rank.</summary>
    public static bool operator >(ManifestRank left, ManifestRank right) => left.CompareTo(right) > 0;

    /// <summary>Orders by rank.</summary>
    public static bool operator <=(ManifestRank left, ManifestRank right) => left.CompareTo(right) <= 0;

    /// <summary>Orders by rank.</summary>
    public static bool operator >=(ManifestRank left, ManifestRank right) => left.CompareTo(right) >= 0;

    /// <summary>Parses a text written by <see cref="ToString"/>; <see langword="false"/> when it is invalid.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out ManifestRank rank)
    {
        rank = default;
        if (text?.Split('.') is not [var id, var epoch, var last, ("0" or "1") and var ended] || !SessionId.TryParse(id, out var session)
            || !long.TryParse(epoch, NumberStyles.None, CultureInfo.InvariantCulture, out var writer)
            || !long.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }

        rank = new ManifestRank(session, writer, number, ended == "1");
        return true;
    }

    /// <summary>The text form that is stored with the object, in ASCII.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Session}.{Epoch}.{LastSegment}.{(IsEnded ? 1 : 0)}");
}

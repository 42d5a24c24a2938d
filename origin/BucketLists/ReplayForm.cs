using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Broadcast.Media;

namespace Broadcast.Origin.BucketLists;

/// <summary>
/// What the lists of a recording in the bucket were made from, as one number that is noted with them: so that a process that begins can tell from a look at one object whether they still are what they should be. Pure.
/// </summary>
internal static class ReplayForm
{
    /// <summary>Raised where lists are drawn in another way, so that all are drawn anew.</summary>
    private const int Version = 1;

    /// <summary>The number: 0 or more, another one for another begin or end.</summary>
    public static long Of(RecordingRange recording)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{Version} {recording.Start?.UtcTicks} {recording.End?.UtcTicks}");
        return BinaryPrimitives.ReadInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(text))) & long.MaxValue;
    }

    /// <summary>The rank of lists that take the place of others: later than those, whatever the clock says.</summary>
    /// <param name="recording">What they list.</param>
    /// <param name="before">The rank of those that are there; <see langword="null"/> where there are none, or ones of which nothing was noted.</param>
    /// <param name="now">The time.</param>
    public static ListRank Next(RecordingRange recording, ListRank? before, DateTimeOffset now) =>
        new(recording.Session, Math.Max(now.ToUnixTimeMilliseconds(), (before?.Epoch ?? 0) + 1), Of(recording), IsEnded: true);

    /// <summary>Whether lists of a rank are those of a recording as it is.</summary>
    public static bool IsOf(RecordingRange recording, ListRank? rank) => rank is { } noted && noted.Session == recording.Session && noted.LastSegment == Of(recording);
}

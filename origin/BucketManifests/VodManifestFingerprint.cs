using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Broadcast.Media.OriginToControl;
using Broadcast.Media.Storage;

namespace Broadcast.Origin.BucketManifests;

/// <summary>
/// Fingerprint of a recording's bucket manifests, stored in their rank. A new process can tell from one object whether the manifests are
/// current. Pure.
/// </summary>
internal static class VodManifestFingerprint
{
    /// <summary>Version of the rendering; an increment causes all manifests to be rewritten.</summary>
    private const int Version = 1;

    /// <summary>The fingerprint: 0 or more, different for another start or end.</summary>
    public static long Of(RecordingRange recording)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{Version} {recording.Start?.UtcTicks} {recording.End?.UtcTicks}");
        return BinaryPrimitives.ReadInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(text))) & long.MaxValue;
    }

    /// <summary>The rank of manifests that replace others: higher than theirs, whatever the clock says.</summary>
    /// <param name="recording">The recording.</param>
    /// <param name="before">Rank of the existing manifests; <see langword="null"/> where there are none or none is stored.</param>
    /// <param name="now">The current time.</param>
    public static ManifestRank Next(RecordingRange recording, ManifestRank? before, DateTimeOffset now) =>
        new(recording.Session, Math.Max(now.ToUnixTimeMilliseconds(), (before?.Epoch ?? 0) + 1), Of(recording), IsEnded: true);

    /// <summary>Returns whether the rank belongs to manifests of the recording's current state.</summary>
    public static bool IsOf(RecordingRange recording, ManifestRank? rank) => rank is { } stored && stored.Session == recording.Session
        && stored.LastSegment == Of(recording);
}

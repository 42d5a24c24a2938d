using System.Collections.Concurrent;
using System.Text;
using System.Xml.Linq;
using Broadcast.Media;
using Broadcast.Origin.Delivery;

namespace Broadcast.Origin.Dash;

/// <summary>
/// Recent MPDs of a session that players may still hold, and the patches from each to the newest. Bounded by <see cref="MaxVersions"/> and
/// <see cref="MaxBytes"/>; the oldest is removed first. A player with a removed MPD gets the full MPD.
/// </summary>
internal sealed class MpdHistory
{
    /// <summary>Maximum versions. A version comes with each segment, so these cover a minute or more.</summary>
    public const int MaxVersions = 32;

    /// <summary>Maximum total size of the MPDs, in bytes.</summary>
    public const int MaxBytes = 4 << 20;

    /// <summary>Window above which patches are offered: an MPD of a shorter window is hardly longer than a patch.</summary>
    public static readonly TimeSpan LongWindow = TimeSpan.FromMinutes(1);

    /// <summary><c>PatchLocation@ttl</c>: time after publication in which players may request a patch of an MPD.</summary>
    public static readonly TimeSpan TimeToLive = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Queue<(long Published, Document Mpd)> _versions = [];
    private readonly ConcurrentDictionary<long, CachedDocument> _patches = [];
    private (long Published, Document Mpd)? _newest;
    private long _bytes;

    /// <summary>Identifier of the base MPD in a patch URL: its <c>@publishTime</c> in milliseconds since 1970.</summary>
    public static long NumberOf(DateTimeOffset publishTime) => publishTime.ToUnixTimeMilliseconds();

    /// <summary>Returns whether MPDs announce patches.</summary>
    /// <param name="latency">The session's latency profile.</param>
    public static bool OffersPatches(LatencyProfile latency) => latency.Window > LongWindow;

    /// <summary>
    /// <c>PatchLocation</c> of an MPD, relative to it, or <see langword="null"/> when there is none. An MPD that lists no segments hardly
    /// ever changes and should have no patches (DASH-IF guidelines, MPD Patch, 1.3).
    /// </summary>
    public static string? LocationOf(Mpd mpd) => mpd.IsLowLatency
        || mpd.PublishTime is not { } published ? null : LivePath.PatchFile(NumberOf(published));

    /// <summary>Records a delivered MPD.</summary>
    public Document Record(DateTimeOffset publishTime, Document mpd)
    {
        var published = NumberOf(publishTime);
        lock (_gate)
        {
            if (_newest?.Published >= published)
            {
                return mpd;
            }

            _newest = (published, mpd);
            _versions.Enqueue((published, mpd));
            _bytes += mpd.Plain.Length;
            while (_versions.Count > MaxVersions || (_bytes > MaxBytes && _versions.Count > 1))
            {
                var (left, removed) = _versions.Dequeue();
                _bytes -= removed.Plain.Length;
                _patches.TryRemove(left, out _);
            }
        }

        return mpd;
    }

    /// <summary>The patch to the newest MPD, or <see langword="null"/> for a publish time that never existed.</summary>
    /// <param name="published">Publish time of the base MPD; see <see cref="NumberOf"/>.</param>
    public Document? PatchFrom(long published)
    {
        Document? older = null;
        (long Published, Document Mpd) newest;
        lock (_gate)
        {
            if (_newest is not { } known || published > known.Published)
            {
                return null;
            }

            newest = known;
            foreach (var (each, mpd) in _versions)
            {
                older = each == published ? mpd : older;
            }
        }

        if (older is null || published == newest.Published)
        {
            return ToDocument(MpdPatch.Empty(Parse(newest.Mpd)));
        }

        return _patches.GetOrAdd(published, static _ => new CachedDocument())
            .Get(newest.Published, () => ToDocument(MpdPatch.Between(Parse(older), Parse(newest.Mpd))));
    }

    private static XElement Parse(Document mpd) => XElement.Parse(Encoding.UTF8.GetString(mpd.Plain));

    private static Document ToDocument(XElement patch) =>
        new(Encoding.UTF8.GetBytes($"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n{patch.ToString(SaveOptions.DisableFormatting)}\n"),
            ContentTypes.DashPatch);
}

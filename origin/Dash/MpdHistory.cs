using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Xml.Linq;
using Broadcast.Media;
using Broadcast.Origin.Delivery;

namespace Broadcast.Origin.Dash;

/// <summary>
/// The MPDs of a session that players may still have, and the patches from each to the newest. Bounded: by <see cref="MaxVersions"/> and <see cref="MaxBytes"/>, the oldest leaves
/// first; who has one that has left gets the whole MPD.
/// </summary>
internal sealed class MpdHistory
{
    /// <summary>Most versions kept. They come with segments, so that these are a minute or more.</summary>
    public const int MaxVersions = 32;

    /// <summary>Most bytes of MPDs kept.</summary>
    public const int MaxBytes = 4 << 20;

    /// <summary>Windows longer than this are worth it: shorter lists are hardly longer than a patch.</summary>
    public static readonly TimeSpan LongWindow = TimeSpan.FromMinutes(1);

    /// <summary><c>PatchLocation@ttl</c>: how long after its publication players may ask for a patch of an MPD.</summary>
    public static readonly TimeSpan TimeToLive = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Queue<(long Published, Document Mpd)> _versions = [];
    private readonly ConcurrentDictionary<long, DocumentCell> _patches = [];
    private (long Published, Document Mpd)? _newest;
    private long _bytes;

    /// <summary>How the address of a patch names the MPD that it is applied to: its <c>@publishTime</c>, as milliseconds since 1970.</summary>
    public static long NumberOf(DateTimeOffset publishTime) => publishTime.ToUnixTimeMilliseconds();

    /// <summary>Whether an MPD is to say where its patches are.</summary>
    /// <param name="latency">The session's profile.</param>
    public static bool IsWorthIt(LatencyProfile latency) => latency.Window > LongWindow;

    /// <summary>
    /// <c>PatchLocation</c> of an MPD, seen from it, or <see langword="null"/> when there is none: one that lists no segments hardly ever changes, and should have no patches (DASH-IF guidelines, MPD Patch, 1.3).
    /// </summary>
    public static string? LocationOf(Mpd mpd) => mpd.IsLowLatency || mpd.PublishTime is not { } published ? null : string.Create(CultureInfo.InvariantCulture, $"manifest-{NumberOf(published)}.mpp");

    /// <summary>Takes note of an MPD that is handed out.</summary>
    public Document Keep(DateTimeOffset publishTime, Document mpd)
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
                var (left, gone) = _versions.Dequeue();
                _bytes -= gone.Plain.Length;
                _patches.TryRemove(left, out _);
            }
        }

        return mpd;
    }

    /// <summary>The patch to the newest MPD, or <see langword="null"/> for one that never was.</summary>
    /// <param name="published">Which MPD it is applied to; see <see cref="NumberOf"/>.</param>
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

        return _patches.GetOrAdd(published, static _ => new DocumentCell())
            .Get(newest.Published, () => ToDocument(MpdPatch.Between(Parse(older), Parse(newest.Mpd))));
    }

    private static XElement Parse(Document mpd) => XElement.Parse(Encoding.UTF8.GetString(mpd.Plain));

    private static Document ToDocument(XElement patch) =>
        new(Encoding.UTF8.GetBytes($"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n{patch.ToString(SaveOptions.DisableFormatting)}\n"), ContentTypes.DashPatch);
}

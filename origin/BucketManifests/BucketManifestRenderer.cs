using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Origin.Dash;
using Broadcast.Origin.Hls;
using Broadcast.Origin.Live;

namespace Broadcast.Origin.BucketManifests;

/// <summary>
/// Renders the manifests of a session for a bucket, with the same renderers as for the origin's viewers. Object names equal the URL paths,
/// beside the media, so that the same relative URLs work. Features that need a server are omitted: parts, blocking reloads, delta updates,
/// MPD patches, the server's clock.
/// </summary>
internal static class BucketManifestRenderer
{
    /// <summary>UTC timing by the <c>Date</c> of a HEAD response (ISO/IEC 23009-1, 5.8.5.7): the bucket's own clock.</summary>
    public const string HeadClock = "urn:mpeg:dash:utc:http-head:2014";

    /// <summary>UTC timing by the time in the MPD itself, when it was written.</summary>
    public const string WrittenClock = "urn:mpeg:dash:utc:direct:2014";

    /// <summary>
    /// Presentation delay of the MPD, in target durations: one more than at the origin. DASH players count from the clock, and a segment is
    /// listed later here by the upload time and the CDN's cache lifetime of the MPD. HLS players count from the end of the playlist.
    /// </summary>
    private const int DashDelayTargetDurations = 4;

    /// <summary>The session for bucket manifests: without parts, DVR window and recording, so that its manifests stay short.</summary>
    public static BroadcastSession Listed(BroadcastSession session) => session with
    {
        Latency = session.Latency.OffersParts ? session.Latency with { Name = LatencyProfile.Standard.Name } : session.Latency,
        DvrWindow = DvrWindow.Off,
        IsRecorded = false,
    };

    /// <summary>All manifests; none while the session is not playable.</summary>
    /// <param name="session">The session with its listed timeline.</param>
    /// <param name="withChannel">Whether this session is at the channel's URLs.</param>
    /// <param name="now">The current time.</param>
    public static IReadOnlyList<BucketManifest> Render(LiveSession session, bool withChannel, DateTimeOffset now)
    {
        if (!session.IsPlayable)
        {
            return [];
        }

        var (channel, id) = (session.Channel, session.Id);
        var manifests = session.Read((timeline, records) =>
        {
            var result = new List<BucketManifest>();
            foreach (var rendition in timeline.Renditions)
            {
                if (PlaylistRenderer.Media(timeline, rendition, records) is { } playlist)
                {
                    result.Add(new BucketManifest(ObjectNames.Of(channel, id).MediaPlaylist(rendition.Name),
                        (playlist with { HasServerControl = false }).ToDocument(), IsIndex: false));
                }
            }

            if (withChannel)
            {
                result.Add(new BucketManifest(ObjectNames.ChannelMultivariantPlaylist(channel),
                    PlaylistRenderer.Multivariant(timeline, records).OfMedia(static uri => uri).ToDocument(),
                    IsIndex: true));
            }

            return result;
        });
        if (session.Manifests.PlainMpd() is not { } plain)
        {
            return manifests;
        }

        var mpd = Adapt(plain, session.Latency, now);
        manifests.Add(new BucketManifest(ObjectNames.Of(channel, id).Mpd, mpd.ToDocument(), IsIndex: false));
        if (withChannel)
        {
            // Without a Location, so that all URLs are relative and the bucket can be copied elsewhere.
            manifests.Add(new BucketManifest(ObjectNames.ChannelMpd(channel), MpdUrls.Relative(mpd, session).ToDocument(),
                IsIndex: true));
        }

        return manifests;
    }

    private static Mpd Adapt(Mpd mpd, LatencyProfile latency, DateTimeOffset now) => mpd with
    {
        SuggestedPresentationDelay = DashDelayTargetDurations * latency.TargetDuration,
        Service = new ServiceDescription(DashDelayTargetDurations * latency.TargetDuration,
            (DashDelayTargetDurations - 1) * latency.TargetDuration, latency.Window / 2),
        Clocks = mpd.IsStatic ? [] : [(HeadClock, ObjectNames.MpdFile), (WrittenClock, MpdText.Instant(now))],
    };
}

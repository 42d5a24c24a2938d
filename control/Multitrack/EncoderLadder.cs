using Broadcast.Media.Ladders;

namespace Broadcast.Control.Multitrack;

/// <summary>One video track for a client to encode.</summary>
/// <param name="Width">Width in pixels, even.</param>
/// <param name="Height">Height in pixels, even.</param>
/// <param name="Bitrate">Bit rate in kbit/s.</param>
internal readonly record struct EncodedTrack(int Width, int Height, int Bitrate);

/// <summary>
/// Plans the tracks that a client encodes itself: first its own frame size, then smaller ones, which are the channel's custom rungs if it
/// has some. No track is larger than the client's frame size or the channel's ladder, and together they fit the client's encoder and
/// uplink. All tracks use the client's full frame rate, so that keyframes align.
/// </summary>
internal static class EncoderLadder
{
    /// <summary>Bit rate of the live audio, in kbit/s.</summary>
    public const int AudioBitrate = 160;

    private const int MaxTracks = 4;
    private const int MinBitrate = 200;
    private const double MinBitrateShare = 0.6;
    private static readonly int[] ShortSides = [2160, 1440, 1080, 720, 480, 360];

    /// <summary>Plans the tracks; never empty for a client with a frame size.</summary>
    /// <param name="ladder">Channel's ladder as text; the height of a preset is the maximum.</param>
    /// <param name="client">Streaming client.</param>
    /// <param name="encoder">Encoder of the client.</param>
    public static IReadOnlyList<EncodedTrack> Plan(string ladder, StreamingClient client, VideoEncoder encoder)
    {
        var maxTracks = Math.Min(client.MaxTracks ?? MaxTracks, MaxTracks);
        var tracks = new List<EncodedTrack>();
        var pixels = 0.0;
        foreach (var track in Candidates(ladder, client))
        {
            pixels += (double)track.Width * track.Height * client.FrameRate;
            if (tracks.Count > 0 && pixels > encoder.PixelsPerSecond(client))
            {
                break;
            }

            tracks.Add(track);
        }

        var audio = client.HasRecordingAudio ? 2 * AudioBitrate : AudioBitrate;
        return client.MaxBitrate is { } limit ? WithinUplink(tracks, maxTracks, limit - audio) : [.. tracks.Take(maxTracks)];
    }

    /// <summary>
    /// Selects the largest first track that leaves room for a second one, with as many tracks as fit. Bit rates are reduced to 60 % at most
    /// before tracks are dropped.
    /// </summary>
    private static IReadOnlyList<EncodedTrack> WithinUplink(List<EncodedTrack> tracks, int maxTracks, long limit)
    {
        for (var minTracks = Math.Min(maxTracks, Math.Min(2, tracks.Count)); minTracks > 0; minTracks--)
        {
            for (var first = 0; first + minTracks <= tracks.Count; first++)
            {
                for (var count = Math.Min(maxTracks, tracks.Count - first); count >= minTracks; count--)
                {
                    var candidates = tracks.Slice(first, count);
                    var sum = candidates.Sum(t => t.Bitrate);
                    if (sum * MinBitrateShare <= limit)
                    {
                        return [.. candidates.Select(t => t
                            with { Bitrate = Math.Max(MinBitrate, (int)(t.Bitrate * Math.Min(1.0, (double)limit / sum))) })];
                    }
                }
            }
        }

        return [tracks[^1] with { Bitrate = (int)Math.Max(MinBitrate, limit) }];
    }

    /// <summary>Lists the client's frame size and the smaller custom rungs or standard sizes, largest first.</summary>
    private static IEnumerable<EncodedTrack> Candidates(string ladder, StreamingClient client)
    {
        if (!LadderSpec.TryParse(ladder, out var parsed, out _) || parsed.Preset is not null)
        {
            return Sizes(client, CeilingOf(ladder))
                .Select(s => new EncodedTrack(s.Width, s.Height, Bitrate(s.Width, s.Height, client.FrameRate)));
        }

        var (width, height) = Sizes(client, int.MaxValue)[0];
        var source = new EncodedTrack(width, height, Bitrate(width, height, client.FrameRate));
        return parsed.Rungs
            .Select(rung => (Size: rung.Fit(client.Width, client.Height), Kilobits: rung.BitsPerSecond / 1000))
            .Where(rung => rung.Size.Width < width && rung.Size.Height < height
                && Math.Min(rung.Size.Width, rung.Size.Height) >= LadderSpec.MinSide)
            .DistinctBy(rung => rung.Size)
            .OrderByDescending(rung => (long)rung.Size.Width * rung.Size.Height)
            .Select(rung => new EncodedTrack(rung.Size.Width, rung.Size.Height, Math.Clamp(rung.Kilobits, MinBitrate, source.Bitrate)))
            .Prepend(source);
    }

    private static List<(int Width, int Height)> Sizes(StreamingClient client, int ceiling)
    {
        var shortSide = Math.Min(client.Width, client.Height);
        var top = Math.Min(shortSide, ceiling);
        return
        [
            .. ShortSides.Where(s => s <= top * 0.85).Prepend(top)
                .Select(s => (Scale(client.Width, s, shortSide), Scale(client.Height, s, shortSide))),
        ];
    }

    private static int Scale(int length, int parsed, int shortSide) =>
        Math.Max(2, (int)Math.Round((double)length * parsed / shortSide / 2, MidpointRounding.ToZero) * 2);

    private static int CeilingOf(string ladder) => ladder switch
    {
        "720p" => 720,
        "1080p" => 1080,
        "4k" => 2160,
        _ => int.MaxValue,
    };

    // 4.5 Mbit/s for 1080p30; doubling the pixels needs less than twice the bit rate.
    private static int Bitrate(int width, int height, double rate) =>
        (int)Math.Max(MinBitrate, Math.Round(4500 * Math.Pow(width * height * rate / (1920.0 * 1080 * 30), 0.75) / 50) * 50);
}

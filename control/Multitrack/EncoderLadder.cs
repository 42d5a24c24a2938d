using Broadcast.Media;

namespace Broadcast.Control.Multitrack;

/// <summary>One video track that a client is to encode.</summary>
/// <param name="Width">In pixels, even.</param>
/// <param name="Height">In pixels, even.</param>
/// <param name="Bitrate">In kbit/s.</param>
internal readonly record struct EncodedTrack(int Width, int Height, int Bitrate);

/// <summary>
/// The tracks that a client encodes itself: its own picture first, then smaller ones, which are the channel's own rungs where it has some. Nothing is larger than its picture or than the channel's ladder, and all
/// of it together fits its encoder and its line. Its whole picture rate goes into every track, so that all keyframes fall on the same instants.
/// </summary>
internal static class EncoderLadder
{
    /// <summary>Bitrate of the live audio, in kbit/s.</summary>
    public const int AudioBitrate = 160;

    private const int MaxTracks = 4;
    private const int LowestBitrate = 200;
    private const double LeastShare = 0.6;
    private static readonly int[] ShortSides = [2160, 1440, 1080, 720, 480, 360];

    /// <summary>Plans the tracks; never empty for a client whose picture has a size.</summary>
    /// <param name="ladder">The channel's ladder as text: the height of a preset is the most that is sent.</param>
    /// <param name="client">The client.</param>
    /// <param name="encoder">What it encodes with.</param>
    public static IReadOnlyList<EncodedTrack> Plan(string ladder, StreamingClient client, VideoEncoder encoder)
    {
        var most = Math.Min(client.MaxTracks ?? MaxTracks, MaxTracks);
        var tracks = new List<EncodedTrack>();
        var pixels = 0.0;
        foreach (var track in Wanted(ladder, client))
        {
            pixels += (double)track.Width * track.Height * client.FrameRate;
            if (tracks.Count > 0 && pixels > encoder.PixelsPerSecond(client))
            {
                break;
            }

            tracks.Add(track);
        }

        var audio = client.HasRecordingAudio ? 2 * AudioBitrate : AudioBitrate;
        return client.MaxBitrate is { } limit ? WithinLine(tracks, most, limit - audio) : [.. tracks.Take(most)];
    }

    /// <summary>The highest picture that still leaves room for a second track, with as many tracks as fit; bitrates give way by a share at most, then tracks go.</summary>
    private static IReadOnlyList<EncodedTrack> WithinLine(List<EncodedTrack> tracks, int most, long limit)
    {
        for (var least = Math.Min(most, Math.Min(2, tracks.Count)); least > 0; least--)
        {
            for (var first = 0; first + least <= tracks.Count; first++)
            {
                for (var count = Math.Min(most, tracks.Count - first); count >= least; count--)
                {
                    var chosen = tracks.Slice(first, count);
                    var sum = chosen.Sum(t => t.Bitrate);
                    if (sum * LeastShare <= limit)
                    {
                        return [.. chosen.Select(t => t with { Bitrate = Math.Max(LowestBitrate, (int)(t.Bitrate * Math.Min(1.0, (double)limit / sum))) })];
                    }
                }
            }
        }

        return [tracks[^1] with { Bitrate = (int)Math.Max(LowestBitrate, limit) }];
    }

    /// <summary>The client's own picture and the channel's rungs, or usual ones, as far as they are smaller; the largest first.</summary>
    private static IEnumerable<EncodedTrack> Wanted(string ladder, StreamingClient client)
    {
        if (!WantedLadder.TryParse(ladder, out var wanted, out _) || wanted.Preset is not null)
        {
            return Sizes(client, CeilingOf(ladder)).Select(s => new EncodedTrack(s.Width, s.Height, Bitrate(s.Width, s.Height, client.FrameRate)));
        }

        var (width, height) = Sizes(client, int.MaxValue)[0];
        var own = new EncodedTrack(width, height, Bitrate(width, height, client.FrameRate));
        return wanted.Rungs
            .Select(rung => (Size: rung.Fit(client.Width, client.Height), Kilobits: rung.BitsPerSecond / 1000))
            .Where(rung => rung.Size.Width < width && rung.Size.Height < height && Math.Min(rung.Size.Width, rung.Size.Height) >= WantedLadder.MinSide)
            .DistinctBy(rung => rung.Size)
            .OrderByDescending(rung => (long)rung.Size.Width * rung.Size.Height)
            .Select(rung => new EncodedTrack(rung.Size.Width, rung.Size.Height, Math.Clamp(rung.Kilobits, LowestBitrate, own.Bitrate)))
            .Prepend(own);
    }

    private static List<(int Width, int Height)> Sizes(StreamingClient client, int ceiling)
    {
        var shortSide = Math.Min(client.Width, client.Height);
        var top = Math.Min(shortSide, ceiling);
        return
        [
            .. ShortSides.Where(s => s <= top * 0.85).Prepend(top).Select(s => (Scaled(client.Width, s, shortSide), Scaled(client.Height, s, shortSide))),
        ];
    }

    private static int Scaled(int length, int wanted, int shortSide) => Math.Max(2, (int)Math.Round((double)length * wanted / shortSide / 2, MidpointRounding.ToZero) * 2);

    private static int CeilingOf(string ladder) => ladder switch
    {
        "720p" => 720,
        "1080p" => 1080,
        "4k" => 2160,
        _ => int.MaxValue,
    };

    // 4.5 Mbit/s for 1080p30; twice the pixels need less than twice the bits.
    private static int Bitrate(int width, int height, double rate) =>
        (int)Math.Max(LowestBitrate, Math.Round(4500 * Math.Pow(width * height * rate / (1920.0 * 1080 * 30), 0.75) / 50) * 50);
}

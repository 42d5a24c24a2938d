using System.Globalization;

namespace Broadcast.Benchmarks;

/// <summary>A segment in a playlist.</summary>
/// <param name="Number">Its media sequence number.</param>
/// <param name="Discontinuity">Its discontinuity sequence number.</param>
internal sealed record Announced(long Number, Uri Address, double Duration, DateTimeOffset WallClock, long Discontinuity, Uri? Map,
    bool IsGap);

/// <summary>A parsed media playlist.</summary>
internal sealed record HlsPlaylist(long Sequence, long DiscontinuitySequence, bool IsEnded, IReadOnlyList<Announced> Segments)
{
    public static HlsPlaylist Parse(Uri address, string text)
    {
        long sequence = 0, discontinuity = 0, first = 0;
        var (ended, gap, duration) = (false, false, 0.0);
        DateTimeOffset wall = default;
        Uri? map = null;
        List<Announced> segments = [];
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var value = line[(line.IndexOf(':') + 1)..];
            switch (line.Split(':')[0])
            {
                case "#EXT-X-MEDIA-SEQUENCE": sequence = long.Parse(value, CultureInfo.InvariantCulture); break;
                case "#EXT-X-DISCONTINUITY-SEQUENCE": discontinuity = first = long.Parse(value, CultureInfo.InvariantCulture); break;
                case "#EXT-X-DISCONTINUITY": discontinuity++; break;
                case "#EXT-X-ENDLIST": ended = true; break;
                case "#EXT-X-GAP": gap = true; break;
                case "#EXT-X-MAP": map = new Uri(address, value.Split('"')[1]); break;
                case "#EXT-X-PROGRAM-DATE-TIME": wall = DateTimeOffset.Parse(value, CultureInfo.InvariantCulture); break;
                case "#EXTINF": duration = double.Parse(value.Split(',')[0], CultureInfo.InvariantCulture); break;
                default:
                    if (line[0] != '#')
                    {
                        segments.Add(new Announced(sequence + segments.Count, new Uri(address, line), duration, wall,
                            discontinuity, map, gap));
                        gap = false;
                    }

                    break;
            }
        }

        return new HlsPlaylist(sequence, first, ended, segments);
    }
}

using System.Globalization;
using Broadcast.Testing;

namespace Broadcast.EndToEnd.Tests;

/// <summary>A media playlist as players read it.</summary>
internal sealed record HlsView(
    string Session, long Sequence, long DiscontinuitySequence, int TargetDuration, bool Ended, IReadOnlyList<HlsSegment> Segments)
{
    /// <summary>Number of the newest segment.</summary>
    public long Last => Sequence + Segments.Count - 1;

    /// <summary>Reads a channel's media playlist; <see langword="null"/> if the playlist or the rendition does not exist.</summary>
    public static async Task<HlsView?> ReadAsync(BroadcastServer server, string channel, string rendition = "source")
    {
        using var master = await server.Client.GetAsync($"/live/{channel}/index.m3u8");
        if (!master.IsSuccessStatusCode)
        {
            return null;
        }

        var address = (await master.Content.ReadAsStringAsync()).Split('\n', '"')
            .FirstOrDefault(l => l.EndsWith($"/{rendition}.m3u8", StringComparison.Ordinal));
        return address is null ? null : Parse(address.Split('/')[^2],
            await server.Client.GetStringAsync(new Uri(new Uri(server.Http, $"/live/{channel}/index.m3u8"), address)));
    }

    /// <summary>Waits until a playlist meets a condition.</summary>
    public static async Task<HlsView> WaitAsync(BroadcastServer server, string channel, Func<HlsView, bool> fits, string description,
        string rendition = "source")
    {
        HlsView? seen = null;
        await Poll.UntilAsync(
            async () =>
            {
                try
                {
                    seen = await ReadAsync(server, channel, rendition);
                }
                catch (HttpRequestException)
                {
                    return false;
                }

                return seen is not null && fits(seen);
            },
            TimeSpan.FromSeconds(40),
            description);
        return seen!;
    }

    private static HlsView Parse(string session, string text)
    {
        var view = new HlsView(session, 0, 0, 0, Ended: false, []);
        var segments = new List<HlsSegment>();
        var next = new HlsSegment();
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var value = line[(line.IndexOf(':') + 1)..];
            switch (line.Split(':')[0])
            {
                case "#EXT-X-MEDIA-SEQUENCE": view = view with { Sequence = long.Parse(value, CultureInfo.InvariantCulture) }; break;
                case "#EXT-X-DISCONTINUITY-SEQUENCE": view = view
                    with { DiscontinuitySequence = long.Parse(value, CultureInfo.InvariantCulture) }; break;
                case "#EXT-X-TARGETDURATION": view = view with { TargetDuration = int.Parse(value, CultureInfo.InvariantCulture) }; break;
                case "#EXT-X-ENDLIST": view = view with { Ended = true }; break;
                case "#EXT-X-DISCONTINUITY": next = next with { Discontinuity = true }; break;
                case "#EXT-X-GAP": next = next with { Gap = true }; break;
                case "#EXT-X-MAP": next = next with { Map = value }; break;
                case "#EXT-X-PROGRAM-DATE-TIME": next = next with { WallClock = DateTimeOffset.Parse(value, CultureInfo.InvariantCulture) };
                    break;
                case "#EXTINF": next = next with { Duration = double.Parse(value.Split(',')[0], CultureInfo.InvariantCulture) }; break;
                default:
                    if (line[0] != '#')
                    {
                        segments.Add(next with { Address = line });
                        next = new HlsSegment { Map = next.Map };
                    }

                    break;
            }
        }

        return view with { Segments = segments };
    }
}

/// <summary>A segment in a playlist.</summary>
internal sealed record HlsSegment
{
    public string Address { get; init; } = "";

    public double Duration { get; init; }

    public bool Discontinuity { get; init; }

    public bool Gap { get; init; }

    public string? Map { get; init; }

    public DateTimeOffset WallClock { get; init; }
}

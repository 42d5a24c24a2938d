using System.Globalization;
using System.Xml.Linq;

namespace Broadcast.Pipeline.Tests;

/// <summary>A parsed media playlist.</summary>
internal sealed record Playlist(long Sequence, long DiscontinuitySequence, bool Ended, bool Independent, IReadOnlyList<Entry> Entries)
{
    public long Last => Sequence + Entries.Count - 1;

    public static Playlist Parse(string text)
    {
        var playlist = new Playlist(0, 0, Ended: false, Independent: false, []);
        List<Entry> entries = [];
        var next = new Entry("", 0, "", default, Discontinuity: false, Gap: false);
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var value = line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..];
            switch (line.Split(':')[0])
            {
                case "#EXT-X-MEDIA-SEQUENCE": playlist = playlist with { Sequence = long.Parse(value, CultureInfo.InvariantCulture) };
                    break;
                case "#EXT-X-DISCONTINUITY-SEQUENCE": playlist = playlist
                    with { DiscontinuitySequence = long.Parse(value, CultureInfo.InvariantCulture) }; break;
                case "#EXT-X-INDEPENDENT-SEGMENTS": playlist = playlist with { Independent = true }; break;
                case "#EXT-X-ENDLIST": playlist = playlist with { Ended = true }; break;
                case "#EXT-X-DISCONTINUITY": next = next with { Discontinuity = true }; break;
                case "#EXT-X-GAP": next = next with { Gap = true }; break;
                case "#EXT-X-MAP": next = next with { Map = value.Split('"')[1] }; break;
                case "#EXT-X-PROGRAM-DATE-TIME": next = next with { WallClock = DateTimeOffset.Parse(value, CultureInfo.InvariantCulture) };
                    break;
                case "#EXTINF": next = next with { Duration = double.Parse(value.Split(',')[0], CultureInfo.InvariantCulture) }; break;
                default:
                    if (line[0] != '#')
                    {
                        entries.Add(next with { Address = line });
                        next = next with { Discontinuity = false, Gap = false };
                    }

                    break;
            }
        }

        return playlist with { Entries = entries };
    }
}

/// <summary>A segment of the playlist.</summary>
internal sealed record Entry(string Address, double Duration, string Map, DateTimeOffset WallClock, bool Discontinuity, bool Gap)
{
    public long Number => long.Parse(Address.Split('/')[^1].Split('.')[0], CultureInfo.InvariantCulture);
}

/// <summary>A parsed MPD.</summary>
internal sealed record Mpd(string Type, DateTimeOffset AvailabilityStart, IReadOnlyList<MpdPeriod> Periods)
{
    public static Mpd Parse(string text)
    {
        var root = XDocument.Parse(text).Root!;
        var ns = root.Name.Namespace;
        return new Mpd(root.Attribute("type")!.Value,
            System.Xml.XmlConvert.ToDateTimeOffset(root.Attribute("availabilityStartTime")!.Value),
            [.. root.Elements(ns + "Period").Select(period => new MpdPeriod(
            period.Attribute("id")!.Value,
            System.Xml.XmlConvert.ToTimeSpan(period.Attribute("start")!.Value),
            period.Descendants(ns + "Representation").ToDictionary(r => r.Attribute("id")!.Value,
                r => Times(r.Descendants(ns + "SegmentTemplate").Single(), ns))))]);
    }

    private static MpdTimes Times(XElement template, XNamespace ns)
    {
        long Value(XElement element, string name, long otherwise) =>
            element.Attribute(name) is { } a ? long.Parse(a.Value, CultureInfo.InvariantCulture) : otherwise;
        var (time, number) = (0L, Value(template, "startNumber", 1));
        List<(long, long, long)> segments = [];
        foreach (var s in template.Descendants(ns + "S"))
        {
            time = Value(s, "t", time);
            for (var i = 0; i <= Value(s, "r", 0); i++)
            {
                segments.Add((number++, time, Value(s, "d", 0)));
                time += Value(s, "d", 0);
            }
        }

        return new MpdTimes((int)Value(template, "timescale", 1), Value(template, "presentationTimeOffset", 0), segments);
    }
}

/// <summary>A period, with its representations by name.</summary>
internal sealed record MpdPeriod(string Id, TimeSpan Start, IReadOnlyDictionary<string, MpdTimes> Representations);

/// <summary>A representation's timeline: number, time and duration of each segment.</summary>
internal sealed record MpdTimes(int Timescale, long Offset, IReadOnlyList<(long Number, long Time, long Duration)> Segments);

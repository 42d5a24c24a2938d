using System.Globalization;
using System.Xml;
using System.Xml.Linq;

namespace Broadcast.Benchmarks;

/// <summary>Polls the MPD: times must only advance, and each segment must have the bytes that HLS announced.</summary>
internal sealed class DashFollower(HttpClient client, Uri address, HlsFollower hls, Findings findings)
{
    private static readonly XNamespace Mpd = "urn:mpeg:dash:schema:mpd:2011";
    private readonly Dictionary<(string Representation, long Number), (string Period, long Time, long Duration)> _known = [];
    private DateTimeOffset _published;
    private string? _start;

    /// <summary>Number of manifests read.</summary>
    public int Manifests { get; private set; }

    /// <summary>Number of segments seen in them.</summary>
    public int Segments => _known.Count;

    /// <summary>Number of periods seen in them.</summary>
    public int Periods => _known.Values.Select(k => k.Period).Distinct(StringComparer.Ordinal).Count();

    public async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                using var answer = await client.GetAsync(address, stopping);
                if (answer.IsSuccessStatusCode)
                {
                    Compare(XDocument.Parse(await answer.Content.ReadAsStringAsync(stopping)).Root!);
                    Manifests++;
                }
                else if (Manifests > 0)
                {
                    findings.AddBack($"an existing MPD is answered with {(int)answer.StatusCode}");
                }

                await Task.Delay(1000, stopping);
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
            {
                await Task.Delay(100, CancellationToken.None);
            }
        }

        var announced = hls.Renditions.ToDictionary(r => r.Name, r => r.Known, StringComparer.Ordinal);
        foreach (var (representation, number) in _known.Keys)
        {
            // The newest segments can be younger than the HLS player's last request.
            if (!announced.TryGetValue(representation, out var known)
                || (!known.ContainsKey(number) && number < known.Keys.Max() && number > known.Keys.Min()))
            {
                findings.AddWrong($"DASH lists segment {number} of {representation}, which HLS never announced");
            }
        }
    }

    private void Compare(XElement mpd)
    {
        if (mpd.Attribute("type")?.Value != "dynamic")
        {
            findings.AddBack("the MPD is no longer dynamic");
        }

        var start = mpd.Attribute("availabilityStartTime")?.Value;
        if (_start is not null && start != _start)
        {
            findings.AddBack($"availabilityStartTime {start} after {_start}");
        }

        _start = start;
        var published = DateTimeOffset.Parse(mpd.Attribute("publishTime")!.Value, CultureInfo.InvariantCulture);
        if (published < _published)
        {
            findings.AddBack($"publishTime {published:O} after {_published:O}");
        }

        _published = published;
        var before = TimeSpan.MinValue;
        foreach (var period in mpd.Elements(Mpd + "Period"))
        {
            var begins = XmlConvert.ToTimeSpan(period.Attribute("start")!.Value);
            if (begins < before)
            {
                findings.AddWrong($"a Period starts at {begins} after one at {before}");
            }

            before = begins;
            foreach (var representation in period.Descendants(Mpd + "Representation")
                .Where(r => r.Parent!.Attribute("contentType")?.Value != "image"))
            {
                Compare(period.Attribute("id")!.Value, representation);
            }
        }
    }

    private void Compare(string period, XElement representation)
    {
        var template = representation.Element(Mpd + "SegmentTemplate") ?? representation.Parent!.Element(Mpd + "SegmentTemplate")!;
        var (id, number, time) = (representation.Attribute("id")!.Value, Number(template, "startNumber") ?? 1, 0L);
        foreach (var run in template.Element(Mpd + "SegmentTimeline")!.Elements(Mpd + "S"))
        {
            time = Number(run, "t") ?? time;
            var duration = Number(run, "d")!.Value;
            for (var i = 0L; i <= (Number(run, "r") ?? 0); i++)
            {
                var now = (period, time, duration);
                if (_known.TryGetValue((id, number), out var known) && known != now)
                {
                    findings.AddBack($"DASH: segment {number} of {id} was {known} and then {now}");
                }

                _known[(id, number)] = now;
                time += duration;
                number++;
            }
        }
    }

    private static long? Number(XElement element, string attribute) =>
        element.Attribute(attribute)?.Value is { } text ? long.Parse(text, CultureInfo.InvariantCulture) : null;
}

using System.Xml;

namespace Broadcast.Origin.Dash;

/// <summary><c>SegmentTemplate</c> (5.3.9.4): with a <c>SegmentTimeline</c> (5.3.9.6), or for segments of equal length.</summary>
/// <param name="Init">Number of the init segment in <c>@initialization</c>.</param>
/// <param name="Timescale"><c>@timescale</c></param>
/// <param name="PresentationTimeOffset"><c>@presentationTimeOffset</c>: the media time at the period's start.</param>
/// <param name="StartNumber"><c>@startNumber</c></param>
/// <param name="Timeline">The segments' starts and lengths, in ticks; not written when <see cref="Equal"/> is there.</param>
internal sealed record SegmentTemplate(int Init, int Timescale, long PresentationTimeOffset, long StartNumber, IReadOnlyList<(long Start, long Duration)> Timeline)
{
    /// <summary>What is said in place of a <c>SegmentTimeline</c>, or <see langword="null"/>.</summary>
    public EqualSegments? Equal { get; init; }

    /// <summary>Writes the element.</summary>
    public void Write(XmlWriter xml)
    {
        xml.WriteStartElement("SegmentTemplate");
        xml.WriteAttributeString("timescale", MpdText.Number(Timescale));
        xml.WriteAttributeString("presentationTimeOffset", MpdText.Number(PresentationTimeOffset));
        xml.WriteAttributeString("initialization", $"$RepresentationID$/init-{MpdText.Number(Init)}.mp4");

        // Who counts asks for segments that are not begun, and must not get one that needs another init segment.
        xml.WriteAttributeString("media", Equal is null ? "$RepresentationID$/$Number$.m4s" : $"$RepresentationID$/i{MpdText.Number(Init)}-$Number$.m4s");
        xml.WriteAttributeString("startNumber", MpdText.Number(StartNumber));
        if (Equal is { } equal)
        {
            equal.Write(xml);
        }
        else
        {
            WriteTimeline(xml, Timeline);
        }

        xml.WriteEndElement();
    }

    /// <summary>Writes a <c>SegmentTimeline</c>; equal lengths in a row are told once.</summary>
    public static void WriteTimeline(XmlWriter xml, IReadOnlyList<(long Start, long Duration)> timeline)
    {
        xml.WriteStartElement("SegmentTimeline");
        long? expected = null;
        for (var i = 0; i < timeline.Count;)
        {
            var (start, duration) = timeline[i];
            var repeats = 0;
            while (i + repeats + 1 < timeline.Count && timeline[i + repeats + 1] == (start + ((repeats + 1) * duration), duration))
            {
                repeats++;
            }

            xml.WriteStartElement("S");
            if (start != expected)
            {
                xml.WriteAttributeString("t", MpdText.Number(start));
            }

            xml.WriteAttributeString("d", MpdText.Number(duration));
            if (repeats > 0)
            {
                xml.WriteAttributeString("r", MpdText.Number(repeats));
            }

            xml.WriteEndElement();
            expected = start + ((repeats + 1) * duration);
            i += repeats + 1;
        }

        xml.WriteEndElement();
    }
}

/// <summary>Segments of about equal length, known by their numbers alone.</summary>
/// <param name="Duration"><c>@duration</c>, in ticks.</param>
/// <param name="EndNumber"><c>@endNumber</c>: the last there is; <see langword="null"/> while there will be more.</param>
/// <param name="Early"><c>@availabilityTimeOffset</c>; with it, segments are sent while they are made (<c>@availabilityTimeComplete</c>). <see langword="null"/> when all are whole.</param>
internal readonly record struct EqualSegments(long Duration, long? EndNumber, TimeSpan? Early)
{
    /// <summary>Writes the attributes.</summary>
    public void Write(XmlWriter xml)
    {
        xml.WriteAttributeString("duration", MpdText.Number(Duration));
        if (EndNumber is { } last)
        {
            xml.WriteAttributeString("endNumber", MpdText.Number(last));
        }

        if (Early is { } early)
        {
            xml.WriteAttributeString("availabilityTimeOffset", MpdText.Seconds(early));
            xml.WriteAttributeString("availabilityTimeComplete", "false");
        }
    }
}

/// <summary><c>ProducerReferenceTime</c> (5.12): when, by our clock, media of a time came from the encoder.</summary>
/// <param name="Id"><c>@id</c>, which no other has in the MPD: <c>Latency@referenceId</c> names it.</param>
/// <param name="WallClock"><c>@wallClockTime</c></param>
/// <param name="Time"><c>@presentationTime</c>, on the media's own timeline.</param>
/// <param name="UtcTiming"><c>UTCTiming</c>: the clock that it is said by, the same as the MPD's.</param>
internal sealed record ProducerReferenceTime(long Id, DateTimeOffset WallClock, Media.MediaTime Time, string UtcTiming)
{
    /// <summary>Writes the element.</summary>
    /// <param name="xml">Where to.</param>
    /// <param name="timescale">Ticks a second of the set's representations.</param>
    public void Write(XmlWriter xml, int timescale)
    {
        xml.WriteStartElement("ProducerReferenceTime");
        xml.WriteAttributeString("id", MpdText.Number(Id));
        xml.WriteAttributeString("type", "encoder");
        xml.WriteAttributeString("wallClockTime", MpdText.Instant(WallClock));
        xml.WriteAttributeString("presentationTime", MpdText.Number(Math.Max(0, Time.Rescale(timescale).Ticks)));
        MpdText.Descriptor(xml, "UTCTiming", Mpd.ClockScheme, UtcTiming);
        xml.WriteEndElement();
    }
}

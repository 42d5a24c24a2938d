using System.Xml;
using Broadcast.Media.Objects;

namespace Broadcast.Origin.Dash;

/// <summary><c>SegmentTemplate</c> (5.3.9.4), with a <c>SegmentTimeline</c> (5.3.9.6) or for segments of constant duration.</summary>
/// <param name="Timescale"><c>@timescale</c></param>
/// <param name="PresentationTimeOffset"><c>@presentationTimeOffset</c>: the media time at the period's start.</param>
/// <param name="Timeline">Starts and durations of the segments, in ticks; not written when <see cref="ConstantDuration"/> is set.</param>
internal sealed record SegmentTemplate(int Timescale, long PresentationTimeOffset, IReadOnlyList<(long Start, long Duration)> Timeline)
{
    /// <summary>
    /// Number of the init segment in <c>@initialization</c>; <see langword="null"/> for sprite sheets, which are addressed by time.
    /// </summary>
    public int? Init { get; init; }

    /// <summary><c>@startNumber</c> of media.</summary>
    public long StartNumber { get; init; }

    /// <summary><c>@availabilityTimeOffset</c> of listed segments, or <see langword="null"/>.</summary>
    public TimeSpan? Early { get; init; }

    /// <summary>Constant duration that replaces the <c>SegmentTimeline</c>, or <see langword="null"/>.</summary>
    public ConstantDurationSegments? ConstantDuration { get; init; }

    /// <summary>Writes the element.</summary>
    public void Write(XmlWriter xml)
    {
        xml.WriteStartElement("SegmentTemplate");
        xml.WriteAttributeString("timescale", MpdText.Number(Timescale));
        xml.WriteAttributeString("presentationTimeOffset", MpdText.Number(PresentationTimeOffset));
        if (Init is { } init)
        {
            xml.WriteAttributeString("initialization", $"$RepresentationID$/{MediaFile.OfInit(init)}");

            // With a constant duration, players request segments that have not started, and must not get one that needs another init
            // segment.
            xml.WriteAttributeString("media", $"$RepresentationID$/{MediaFile.SegmentTemplate(ConstantDuration is null ? 0 : init)}");
            xml.WriteAttributeString("startNumber", MpdText.Number(StartNumber));
        }
        else
        {
            xml.WriteAttributeString("media", SessionObjectNames.SpriteSheetTemplate);
        }

        if (Early is { } early)
        {
            xml.WriteAttributeString("availabilityTimeOffset", MpdText.Seconds(early));
        }

        if (ConstantDuration is { } constant)
        {
            constant.Write(xml);
        }
        else
        {
            WriteTimeline(xml);
        }

        xml.WriteEndElement();
    }

    /// <summary>Writes a <c>SegmentTimeline</c>; consecutive equal durations are one element.</summary>
    private void WriteTimeline(XmlWriter xml)
    {
        xml.WriteStartElement("SegmentTimeline");
        long? expected = null;
        for (var i = 0; i < Timeline.Count;)
        {
            var (start, duration) = Timeline[i];
            var repeats = 0;
            while (i + repeats + 1 < Timeline.Count && Timeline[i + repeats + 1] == (start + ((repeats + 1) * duration), duration))
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

/// <summary>Segments of approximately constant duration, addressed by sequence number.</summary>
/// <param name="Duration"><c>@duration</c>, in ticks.</param>
/// <param name="EndNumber"><c>@endNumber</c>: the last sequence number; <see langword="null"/> while more segments follow.</param>
/// <param name="Early">
/// <c>@availabilityTimeOffset</c>: segments are sent while they are written (<c>@availabilityTimeComplete</c>). <see langword="null"/> when
/// all segments are complete.
/// </param>
internal readonly record struct ConstantDurationSegments(long Duration, long? EndNumber, TimeSpan? Early)
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

/// <summary><c>ProducerReferenceTime</c> (5.12): wall-clock time at which media came from the encoder.</summary>
/// <param name="Id"><c>@id</c>, unique in the MPD; <c>Latency@referenceId</c> refers to it.</param>
/// <param name="WallClock"><c>@wallClockTime</c></param>
/// <param name="Time"><c>@presentationTime</c>, on the media's timeline.</param>
/// <param name="UtcTiming"><c>UTCTiming</c>: the clock of the wall-clock time, the same as the MPD's.</param>
internal sealed record ProducerReferenceTime(long Id, DateTimeOffset WallClock, Broadcast.Media.MediaTime Time, string UtcTiming)
{
    /// <summary>Writes the element.</summary>
    /// <param name="xml">Destination.</param>
    /// <param name="timescale">Ticks per second of the set's representations.</param>
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

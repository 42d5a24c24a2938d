using System.Globalization;
using System.Text;
using System.Xml;
using Broadcast.Origin.Delivery;

namespace Broadcast.Origin.Dash;

/// <summary>A media presentation description (ISO/IEC 23009-1, 5.3). Each property is the attribute or element of its name.</summary>
internal sealed record Mpd
{
    /// <summary>The scheme of <c>UTCTiming</c>: ISO time as text over HTTP (5.8.5.7).</summary>
    public const string ClockScheme = "urn:mpeg:dash:utc:http-iso:2014";

    private const string Namespace = "urn:mpeg:dash:schema:mpd:2011";
    private const string Profiles = "urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019";
    private const string LowLatencyProfile = "http://www.dashif.org/guidelines/low-latency-live-v5";

    /// <summary><c>@id</c>, or <see langword="null"/>; patches refer to it.</summary>
    public string? Id { get; init; }

    /// <summary><c>@type</c>: <c>static</c> when the presentation is complete, otherwise <c>dynamic</c>.</summary>
    public required bool IsStatic { get; init; }

    /// <summary><c>@availabilityStartTime</c>: wall-clock time of presentation time zero.</summary>
    public required DateTimeOffset AvailabilityStartTime { get; init; }

    /// <summary><c>@publishTime</c>: when this version was created. Optional for static presentations only.</summary>
    public required DateTimeOffset? PublishTime { get; init; }

    /// <summary><c>@minimumUpdatePeriod</c>; dynamic only.</summary>
    public required TimeSpan MinimumUpdatePeriod { get; init; }

    /// <summary><c>@timeShiftBufferDepth</c>; dynamic only.</summary>
    public required TimeSpan TimeShiftBufferDepth { get; init; }

    /// <summary>
    /// <c>@suggestedPresentationDelay</c>; dynamic only. <see langword="null"/> in low latency: Shaka 5.2 adds it to the latency of the
    /// service description.
    /// </summary>
    public required TimeSpan? SuggestedPresentationDelay { get; init; }

    /// <summary>Indicates whether <c>@profiles</c> includes the DASH-IF low-latency profile.</summary>
    public bool IsLowLatency { get; init; }

    /// <summary><c>@minBufferTime</c></summary>
    public required TimeSpan MinBufferTime { get; init; }

    /// <summary><c>@maxSegmentDuration</c></summary>
    public required TimeSpan MaxSegmentDuration { get; init; }

    /// <summary><c>@mediaPresentationDuration</c>; static only.</summary>
    public required TimeSpan MediaPresentationDuration { get; init; }

    /// <summary>
    /// <c>BaseURL</c>. With a <see cref="Location"/>, players disagree whether URLs are relative to it or to the MPD's own URL, so this
    /// starts with a slash.
    /// </summary>
    public string? BaseUrl { get; init; }

    /// <summary><c>Location</c>: URL for updates.</summary>
    public string? Location { get; init; }

    /// <summary><c>PatchLocation</c>: URL for changes since this version, or <see langword="null"/>; dynamic only.</summary>
    public string? PatchLocation { get; init; }

    /// <summary><c>ServiceDescription</c>; dynamic only.</summary>
    public required ServiceDescription Service { get; init; }

    /// <summary><c>Period</c> elements in order.</summary>
    public required IReadOnlyList<Period> Periods { get; init; }

    /// <summary><c>UTCTiming</c>: URL of the clock.</summary>
    public required string UtcTiming { get; init; }

    /// <summary>
    /// <c>UTCTiming</c> elements that replace <see cref="UtcTiming"/>, in descending order of preference, as scheme and value;
    /// <see langword="null"/> to use <see cref="UtcTiming"/>.
    /// </summary>
    public IReadOnlyList<(string Scheme, string Value)>? Clocks { get; init; }

    /// <summary>Writes the MPD.</summary>
    public void Write(XmlWriter xml)
    {
        xml.WriteStartElement("MPD", Namespace);
        if (Id is not null)
        {
            xml.WriteAttributeString("id", Id);
        }

        xml.WriteAttributeString("profiles", IsLowLatency ? $"{Profiles},{LowLatencyProfile}" : Profiles);
        xml.WriteAttributeString("type", IsStatic ? "static" : "dynamic");
        xml.WriteAttributeString("availabilityStartTime", MpdText.Instant(AvailabilityStartTime));
        if (PublishTime is { } published)
        {
            xml.WriteAttributeString("publishTime", MpdText.Instant(published));
        }

        if (IsStatic)
        {
            xml.WriteAttributeString("mediaPresentationDuration", MpdText.Duration(MediaPresentationDuration));
        }
        else
        {
            xml.WriteAttributeString("minimumUpdatePeriod", MpdText.Duration(MinimumUpdatePeriod));
            xml.WriteAttributeString("timeShiftBufferDepth", MpdText.Duration(TimeShiftBufferDepth));
            if (SuggestedPresentationDelay is { } delay)
            {
                xml.WriteAttributeString("suggestedPresentationDelay", MpdText.Duration(delay));
            }
        }

        xml.WriteAttributeString("minBufferTime", MpdText.Duration(MinBufferTime));
        xml.WriteAttributeString("maxSegmentDuration", MpdText.Duration(MaxSegmentDuration));
        if (BaseUrl is not null)
        {
            xml.WriteElementString("BaseURL", Namespace, BaseUrl);
        }

        if (Location is not null)
        {
            xml.WriteElementString("Location", Namespace, Location);
        }

        if (PatchLocation is not null && !IsStatic)
        {
            xml.WriteStartElement("PatchLocation");
            xml.WriteAttributeString("ttl", MpdText.Seconds(MpdHistory.TimeToLive));
            xml.WriteString(PatchLocation);
            xml.WriteEndElement();
        }

        if (!IsStatic)
        {
            Service.Write(xml);
        }

        foreach (var period in Periods)
        {
            period.Write(xml);
        }

        foreach (var (scheme, value) in Clocks ?? [(ClockScheme, UtcTiming)])
        {
            MpdText.Descriptor(xml, "UTCTiming", scheme, value);
        }

        xml.WriteEndElement();
    }

    /// <summary>The serialized MPD.</summary>
    public Document ToDocument()
    {
        using var target = new MemoryStream(4096);
        var settings = new XmlWriterSettings { Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), Indent = true,
            NewLineChars = "\n" };
        using (var xml = XmlWriter.Create(target, settings))
        {
            Write(xml);
        }

        target.WriteByte((byte)'\n');
        return new Document(target.ToArray(), ContentTypes.Dash);
    }
}

/// <summary>
/// Target latency of players, and the playback rates with which they may keep it (<c>ServiceDescription</c>; ISO/IEC 23009-1, annex K).
/// After a stall a player returns to the target by itself; above the maximum it may skip.
/// </summary>
/// <param name="Target"><c>Latency@target</c></param>
/// <param name="Min"><c>Latency@min</c></param>
/// <param name="Max"><c>Latency@max</c></param>
internal readonly record struct ServiceDescription(TimeSpan Target, TimeSpan Min, TimeSpan Max)
{
    /// <summary>
    /// <c>Latency@referenceId</c>: the <c>ProducerReferenceTime</c> on which the latency is based; <see langword="null"/> when there is
    /// none.
    /// </summary>
    public long? Reference { get; init; }

    /// <summary>Playback rate change of 4 %: inaudible, and it recovers one second in 25 s.</summary>
    private const double RateChange = 0.04;

    /// <summary>Writes the element.</summary>
    public void Write(XmlWriter xml)
    {
        xml.WriteStartElement("ServiceDescription");
        xml.WriteAttributeString("id", "0");
        xml.WriteStartElement("Latency");
        if (Reference is { } reference)
        {
            xml.WriteAttributeString("referenceId", MpdText.Number(reference));
        }

        xml.WriteAttributeString("target", Milliseconds(Target));
        xml.WriteAttributeString("max", Milliseconds(Max));
        xml.WriteAttributeString("min", Milliseconds(Min));
        xml.WriteEndElement();
        xml.WriteStartElement("PlaybackRate");
        xml.WriteAttributeString("max", (1 + RateChange).ToString(CultureInfo.InvariantCulture));
        xml.WriteAttributeString("min", (1 - RateChange).ToString(CultureInfo.InvariantCulture));
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static string Milliseconds(TimeSpan value) => MpdText.Number((long)value.TotalMilliseconds);
}

/// <summary>Formats values for an MPD.</summary>
internal static class MpdText
{
    /// <summary><c>xs:duration</c> in seconds, to the millisecond.</summary>
    public static string Duration(TimeSpan value) => string.Create(CultureInfo.InvariantCulture, $"PT{value.TotalSeconds:0.###}S");

    /// <summary>Seconds as a decimal number, to the millisecond.</summary>
    public static string Seconds(TimeSpan value) => value.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);

    /// <summary><c>xs:dateTime</c> in UTC, to the millisecond.</summary>
    public static string Instant(DateTimeOffset value) =>
        string.Create(CultureInfo.InvariantCulture, $"{value.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fff}Z");

    /// <summary>An integer.</summary>
    public static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary><c>FrameRateType</c>: an integer or a fraction; NTSC rates such as 29.97 have the denominator 1001.</summary>
    public static string FrameRate(double value)
    {
        var whole = (long)Math.Round(value);
        if (Math.Abs(value - whole) < 0.005)
        {
            return Number(whole);
        }

        var ntsc = (long)Math.Round(value * 1.001);
        return Math.Abs(value - (ntsc / 1.001)) < 0.005 ? $"{Number(ntsc * 1000)}/1001" : $"{Number((long)Math.Round(value * 1000))}/1000";
    }

    /// <summary>A <c>DescriptorType</c> element.</summary>
    public static void Descriptor(XmlWriter xml, string element, string scheme, string value)
    {
        xml.WriteStartElement(element);
        xml.WriteAttributeString("schemeIdUri", scheme);
        xml.WriteAttributeString("value", value);
        xml.WriteEndElement();
    }
}

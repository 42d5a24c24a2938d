using Broadcast.Media;

namespace Broadcast.Ingest.Rtmp.Flv;

/// <summary>One frame as the encoder sent it, before its times are mapped.</summary>
/// <param name="Track">The track it was coded for.</param>
/// <param name="CompositionOffset">Presentation minus decode time in milliseconds.</param>
/// <param name="IsSync">Whether decoding can begin here.</param>
/// <param name="Payload">The coded bytes, a slice of the message.</param>
/// <param name="Nanoseconds">What its time is behind the message's timestamp, 0 to 999,999 (Enhanced RTMP v2, TimestampOffsetNano).</param>
/// <param name="Samples">Audio samples it decodes to; 0 for pictures.</param>
/// <param name="Milliseconds">Whole milliseconds that it is behind the message's timestamp, for frames behind the first of a message.</param>
internal readonly record struct AccessUnit(
    Track Track, int CompositionOffset, bool IsSync, ReadOnlyMemory<byte> Payload, int Nanoseconds = 0, int Samples = 0, uint Milliseconds = 0);

/// <summary>What was in an audio or video packet.</summary>
internal enum TagContent
{
    /// <summary>A frame.</summary>
    Unit,

    /// <summary>Nothing that is passed on: a configuration, an end mark, a player's command.</summary>
    Nothing,

    /// <summary>Something broken or too early to be decoded; counted.</summary>
    Dropped,
}

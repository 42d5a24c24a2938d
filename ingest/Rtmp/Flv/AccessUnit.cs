using Broadcast.Media;

namespace Broadcast.Ingest.Rtmp.Flv;

/// <summary>One frame from the encoder, before its times are mapped.</summary>
/// <param name="Track">Track of the frame.</param>
/// <param name="CompositionOffset">Presentation minus decode time, in milliseconds.</param>
/// <param name="IsSync">Whether decoding can start here.</param>
/// <param name="Payload">Coded data, a slice of the message.</param>
/// <param name="Nanoseconds">Offset to the message's timestamp, 0 to 999,999 (Enhanced RTMP v2, TimestampOffsetNano).</param>
/// <param name="Samples">Number of decoded audio samples; 0 for video.</param>
/// <param name="Milliseconds">Offset to the message's timestamp in whole milliseconds, for later frames of a message.</param>
internal readonly record struct AccessUnit(
    Track Track, int CompositionOffset, bool IsSync, ReadOnlyMemory<byte> Payload, int Nanoseconds = 0, int Samples = 0,
    uint Milliseconds = 0);

/// <summary>Contents of an audio or video packet.</summary>
internal enum TagContent
{
    /// <summary>A frame.</summary>
    Frame,

    /// <summary>Nothing to pass on: a configuration, the end of a sequence, or a player command.</summary>
    None,

    /// <summary>Malformed, or not decodable yet; counted.</summary>
    Dropped,
}

using Broadcast.Media;

namespace Broadcast.Ingest.Rtmp.Flv;

/// <summary>One frame as the encoder sent it, before its times are mapped.</summary>
/// <param name="Track">The track it was coded for.</param>
/// <param name="CompositionOffset">Presentation minus decode time in milliseconds.</param>
/// <param name="IsSync">Whether decoding can begin here.</param>
/// <param name="Payload">The coded bytes, a slice of the message.</param>
internal readonly record struct AccessUnit(Track Track, int CompositionOffset, bool IsSync, ReadOnlyMemory<byte> Payload);

/// <summary>What was in an audio or video message.</summary>
internal enum TagContent
{
    /// <summary>A frame.</summary>
    Unit,

    /// <summary>Nothing that is passed on: a configuration, an end mark, a player's command.</summary>
    Nothing,

    /// <summary>Something broken or too early to be decoded; counted.</summary>
    Dropped,
}

namespace Broadcast.Ingest.Rtmp.Messages;

/// <summary>Message type IDs (Adobe RTMP 1.0, 5.4, 6.2 and 7.1).</summary>
internal static class MessageType
{
    public const byte SetChunkSize = 1;
    public const byte Abort = 2;
    public const byte Acknowledgement = 3;
    public const byte UserControl = 4;
    public const byte WindowAcknowledgementSize = 5;
    public const byte SetPeerBandwidth = 6;
    public const byte Audio = 8;
    public const byte Video = 9;
    public const byte DataAmf3 = 15;
    public const byte SharedObjectAmf3 = 16;
    public const byte CommandAmf3 = 17;
    public const byte Data = 18;
    public const byte SharedObject = 19;
    public const byte Command = 20;
    public const byte Aggregate = 22;
}

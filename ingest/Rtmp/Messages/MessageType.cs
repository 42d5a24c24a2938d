namespace Broadcast.Ingest.Rtmp.Messages;

/// <summary>Message types by their IDs (Adobe RTMP 1.0, 5.4, 6.2 and 7.1). Peers may send other values.</summary>
internal enum MessageType : byte
{
    SetChunkSize = 1,
    Abort = 2,
    Acknowledgement = 3,
    UserControl = 4,
    WindowAcknowledgementSize = 5,
    SetPeerBandwidth = 6,
    Audio = 8,
    Video = 9,
    DataAmf3 = 15,
    SharedObjectAmf3 = 16,
    CommandAmf3 = 17,
    Data = 18,
    SharedObject = 19,
    Command = 20,
    Aggregate = 22,
}

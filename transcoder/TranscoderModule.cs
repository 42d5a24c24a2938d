namespace Broadcast.Transcoder;

/// <summary>Registration of the room.</summary>
public static class TranscoderModule;

namespace Broadcast.Ingest;

/// <summary>Registration of the room.</summary>
public static class IngestModule;

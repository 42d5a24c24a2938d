namespace Broadcast.Storage;

/// <summary>Registration of the room.</summary>
public static class StorageModule;

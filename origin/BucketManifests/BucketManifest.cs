using Broadcast.Media;
using Broadcast.Origin.Delivery;

namespace Broadcast.Origin.BucketManifests;

/// <summary>A manifest for the bucket.</summary>
/// <param name="Name">Object name, equal to the origin's URL path.</param>
/// <param name="Document">Content.</param>
/// <param name="IsIndex">Whether it refers to other manifests, and so is written after them.</param>
internal sealed record BucketManifest(ObjectName Name, Document Document, bool IsIndex);

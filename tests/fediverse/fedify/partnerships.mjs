/**
 * What another kind of server understands of a partnership: the `Relationship` of ActivityStreams, without the terms
 * that only nodes know. Those are read from the activity as it came, and what this server says itself is written by
 * the test and signed by Fedify (`forge`): its vocabulary has no words for terms.
 */
const PARTNERSHIP = "https://w3id.org/fedorg/ns#Partnership";
const TERMS = { implements: { "@id": "https://w3id.org/fep/844e#implements", "@type": "@id", "@container": "@list" } };

/** The actor's document with what it can do (FEP-844e), of which Fedify's vocabulary knows nothing. */
export async function capable(response) {
  if (!response.ok) return response;
  const document = await response.json();
  const contexts = [document["@context"]].flat();
  const told = { ...document, "@context": [...contexts, TERMS], implements: [{ href: PARTNERSHIP }] };
  const { status, headers } = response;
  return new Response(JSON.stringify(told), { status, headers: { "Content-Type": headers.get("content-type") } });
}

/** Who is to be what to whom: `{ subject, about, relationship }`; null for anything but a relationship. */
export function describeRelationship(object) {
  if (object?.relationshipId == null) return null;
  const { subjectId: subject, objectId: about, relationshipId: relationship } = object;
  return { subject: subject?.href ?? null, about: about?.href ?? null, relationship: relationship.href };
}

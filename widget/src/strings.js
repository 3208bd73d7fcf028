/** Every label of the widget; what patients read as an answer comes from the server. */

/**
 * Built in, so that it is there with the server gone; both languages are always shown.
 * Word for word utter_crisis_line and utter_crisis_line_spanish (a test compares).
 */
export const CRISIS_LINE = {
  en: "In an emergency call 911. In a crisis, call or text 988. Both are free, at any hour.",
  es: "En una emergencia, llame al 911. En una crisis, llame al 988 y oprima 2.",
};

/** English and Spanish of each label. */
export const LABELS = {
  agree: [
    "Agree and start",
    "Aceptar y empezar",
  ],
  assistant: [
    "Assistant",
    "Asistente",
  ],
  automated: [
    "Automated assistant, not a person",
    "Asistente automático, no es una persona",
  ],
  back: [
    "Back to the chat",
    "Volver al chat",
  ],
  call: [
    "Call {number}",
    "Llamar al {number}",
  ],
  callBack: [
    "Ask for a call back",
    "Pedir que le llamen",
  ],
  callBackIntro: [
    "Leave your name and a phone number or e-mail address. Only our staff sees them.",
    "Deje su nombre y un teléfono o correo electrónico. Solo los ve nuestro personal.",
  ],
  chat: [
    "Clinic chat",
    "Chat de la clínica",
  ],
  close: [
    "Minimize the chat",
    "Minimizar el chat",
  ],
  closed: [
    "This chat has ended.",
    "Este chat ha terminado.",
  ],
  code: [
    "en-US",
    "es-US",
  ],
  conversation: [
    "Conversation",
    "Conversación",
  ],
  decline: [
    "No, thank you",
    "No, gracias",
  ],
  declinedMessage: [
    "Not sent, because you chose not to chat. You can call us.",
    "No se envió, porque eligió no usar el chat. Puede llamarnos.",
  ],
  draft: [
    "Draft, not yet approved by a clinician",
    "Borrador, aún sin aprobación de un profesional clínico",
  ],
  elsewhere: [
    "This chat was ended in another window.",
    "Este chat se terminó en otra ventana.",
  ],
  email: [
    "E-mail",
    "Correo electrónico",
  ],
  emailWrong: [
    "This is no e-mail address.",
    "Esto no es un correo electrónico.",
  ],
  erase: [
    "Erase this chat",
    "Borrar este chat",
  ],
  eraseDone: [
    "This chat is erased.",
    "El chat está borrado.",
  ],
  eraseIntro: [
    "This removes your messages, our answers and any contact details you left. It can't be undone. An alert about danger stays until our staff has dealt with it.",
    "Se borran sus mensajes, nuestras respuestas y los datos de contacto que dejó. No se puede deshacer. Un aviso de peligro queda hasta que nuestro personal lo haya atendido.",
  ],
  eraseNow: [
    "Yes, erase it",
    "Sí, borrarlo",
  ],
  expired: [
    "This chat was not used for a while and has ended.",
    "Este chat no se usó por un tiempo y ha terminado.",
  ],
  failed: [
    "That did not work. Please try again, or call us.",
    "No funcionó. Inténtelo de nuevo o llámenos.",
  ],
  up: [
    "Helpful",
    "Útil",
  ],
  human: [
    "Talk to a person",
    "Hablar con una persona",
  ],
  humanFirst: [
    "To talk to a person, call {phone}. To write to one here, please agree first.",
    "Para hablar con una persona, llame al {phone}. Para escribirle aquí, acepte primero.",
  ],
  input: [
    "Your message",
    "Su mensaje",
  ],
  menu: [
    "More options",
    "Más opciones",
  ],
  name: [
    "Your name",
    "Su nombre",
  ],
  nameMissing: [
    "Please write your name.",
    "Escriba su nombre.",
  ],
  newChat: [
    "Start a new chat",
    "Empezar otro chat",
  ],
  newMessages: [
    "New messages",
    "Mensajes nuevos",
  ],
  down: [
    "Not helpful",
    "No es útil",
  ],
  notReviewed: [
    "Not yet reviewed by a clinician.",
    "Aún sin revisión de un profesional clínico.",
  ],
  notSent: [
    "Not sent yet",
    "Aún no enviado",
  ],
  open: [
    "Chat with us",
    "Chatee con nosotros",
  ],
  outage: [
    "We can't reach the chat right now. We keep trying.",
    "Ahora no hay conexión con el chat. Seguimos intentando.",
  ],
  outageKept: [
    "Your message is kept in this window and sent once when we are back.",
    "Su mensaje queda en esta ventana y se envía una vez cuando volvamos.",
  ],
  outageOver: [
    "The connection is back.",
    "La conexión ha vuelto.",
  ],
  phone: [
    "Phone",
    "Teléfono",
  ],
  phoneOrEmail: [
    "Please leave a phone number or an e-mail address.",
    "Deje un teléfono o un correo electrónico.",
  ],
  phoneWrong: [
    "This is no phone number.",
    "Esto no es un número de teléfono.",
  ],
  privateRemoved: [
    "Private details were taken out.",
    "Se quitaron datos privados.",
  ],
  reconsider: [
    "I changed my mind",
    "Cambié de opinión",
  ],
  refused: [
    "This could not be sent. Please try other words, or call us.",
    "No se pudo enviar. Pruebe con otras palabras o llámenos.",
  ],
  retry: [
    "Try again now",
    "Intentar ahora",
  ],
  reviewed: [
    "Reviewed on {date}",
    "Revisado el {date}",
  ],
  send: [
    "Send",
    "Enviar",
  ],
  setup: [
    "Before we start",
    "Antes de empezar",
  ],
  sources: [
    "Sources",
    "Fuentes",
  ],
  staff: [
    "{name}, clinic staff",
    "{name}, personal de la clínica",
  ],
  staffHere: [
    "{name} is in this chat",
    "{name} está en este chat",
  ],
  switchTo: [
    "Español",
    "English",
  ],
  text: [
    "Text {number}",
    "Mensaje de texto al {number}",
  ],
  thanks: [
    "Thank you.",
    "Gracias.",
  ],
  tooLong: [
    "This is too long. Please make it shorter.",
    "Esto es demasiado largo. Acórtelo.",
  ],
  tooMany: [
    "Please wait a moment. It is sent by itself.",
    "Espere un momento. Se envía solo.",
  ],
  topics: [
    "Topics",
    "Temas",
  ],
  transcript: [
    "Download this chat",
    "Descargar este chat",
  ],
  transcriptTitle: [
    "Chat with {name}, {date}",
    "Chat con {name}, {date}",
  ],
  waitingConsent: [
    "Kept in this window until you agree",
    "Guardado en esta ventana hasta que acepte",
  ],
  why: [
    "Tell us more, if you like",
    "Cuéntenos más, si quiere",
  ],
  you: [
    "You",
    "Usted",
  ],
};

/** Which of our languages a page or a visitor asks for. */
export function localeOf(...wishes) {
  return /^es/i.test(wishes.find(Boolean)) ? "es" : "en";
}

/** Gives the function that looks labels up: `say("call", {number: "988"})`. */
export function labels(locale) {
  return (key, values) =>
    LABELS[key][locale === "es" ? 1 : 0].replace(/{(\w+)}/g, (all, name) => values[name] ?? "");
}
